# SPDX-License-Identifier: Apache-2.0

"""Whether the backend belongs to the deployment this process is of."""

from collections.abc import Callable
from collections.abc import Sequence
import contextlib
import time

from nova_sg import exception
from nova_sg.servicegroup import marker

#: Seconds for which reads do not ask again for the marker of a membership
#: that is out of reach: each question may take as long as its timeout.
PAUSE = 10.0


class Deployment:
    """The markers, as this process has seen them.

    :param ours: how this process is configured
    :param stores: returns where markers are: first where the records are
    """

    def __init__(
        self,
        ours: marker.Marker,
        stores: Callable[[], Sequence[marker.MarkerStore]],
    ) -> None:
        self._ours = ours
        self._stores = stores
        self._read = False
        self._claimed = False
        self._read_at = 0.0
        self._others_failed_at = -PAUSE

    def check(self, *, claim: bool = False) -> None:
        """Refuse to serve a backend of a deployment configured otherwise.

        A process that has looked looks again, where the records are: the
        deployment may have moved since. One that writes does so every
        :data:`marker.TRUSTED` seconds, as nothing that an operator decides may
        get lost in what it has left; one that only reads every
        :data:`marker.READ_TRUSTED`, and goes on where it cannot look.

        :param claim: this is a write: mark the backend where it is not
        :raises DeploymentMismatch: it is of a deployment configured otherwise
        :raises ServiceGroupUnavailable: it cannot be asked
        """
        now = time.monotonic()
        if self._read and not claim:
            if now - self._read_at > marker.READ_TRUSTED:
                self._read_at = now
                with contextlib.suppress(exception.ServiceGroupUnavailable):
                    self._stores()[0].check(self._ours, claim=False)
            return
        records, *others = self._stores()
        if self._claimed:
            if now - self._read_at > marker.TRUSTED:
                records.check(self._ours, claim=False)
                self._read_at = now
            return
        records.check(self._ours, claim=claim)
        self._read_at = now
        if not claim and now - self._others_failed_at < PAUSE:
            return
        try:
            for store in others:
                store.check(self._ours, claim=claim)
        except exception.ServiceGroupUnavailable:
            # A record is read and changed without the membership. A call
            # that needs it says that it is not there; it is checked later.
            self._others_failed_at = time.monotonic()
            return
        self._read = True
        self._claimed = self._claimed or claim
