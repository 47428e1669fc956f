# SPDX-License-Identifier: Apache-2.0

"""No change is told done that a move of the deployment leaves behind.

memcached cannot look at the deployment marker inside a write. So the marker
is read in the same request as the record, and a change is only told done if
its answer came within the *fence* after that. The mover changes the marker,
waits for as long, and then copies::

    t=0.0  writer A reads the marker of the source and the record of c1
    t=0.1  the mover changes the marker, and begins to wait: the fence is 3 s
    t=0.2  A writes; a proxy holds the request, A's timeout is 5 s
    t=3.1  the mover copies c1, as it was before A's change
    t=4.2  the request arrives, and A is told that it is written
    t=4.2  A is 4.2 s from t=0.0, so it reads the marker again: the
           deployment has moved, and the operator is told that the outcome is
           not known, instead of "done"

Had the answer come at t=2.9, it would have been written before t=3.1: the
copy has it. Where A's connection broke instead, it never says "done" at all.
"""

from collections.abc import Sequence
import time

from nova_sg import exception
from nova_sg.servicegroup import marker
from nova_sg.servicegroup.backends.memcached import endpoint
from nova_sg.servicegroup.backends.memcached import marker as memcached_marker
from nova_sg.servicegroup.backends.memcached import server as server_

#: Seconds that a move waits at most, however patient the connections are. A
#: write that takes longer costs one more look at the marker.
LONGEST = 5.0


def seconds(options: endpoint.Options) -> float:
    """Return how long a change may take after its writer saw the marker.

    As long as a connection, an answer, and what lies in between.
    """
    wanted = options.connect_timeout + options.timeout + marker.TRUSTED
    return min(wanted, LONGEST)


class Fence:
    """What one change has seen of the marker.

    :param store: where the marker lies
    :param ours: how this process is configured
    :param server: the server the record lies on
    """

    def __init__(
        self,
        store: memcached_marker.MemcachedMarkerStore,
        ours: marker.Marker,
        server: server_.Server,
    ) -> None:
        self._store = store
        self._ours = ours
        self._server = server
        self._seconds = seconds(server.options)
        self._seen_at = 0.0
        self._moved: exception.DeploymentMismatch | None = None

    def gets(self, keys: Sequence[str]) -> dict[str, tuple[bytes, bytes]]:
        """Read keys with their tokens, and the marker along with them.

        What the marker says is told by :meth:`check`: a change that was made
        before the move is to be found after it.
        """
        seen_at = time.monotonic()
        found = self._server.gets([*keys, self._store.key])
        value, _token = found.pop(self._store.key, (None, b''))
        theirs = self._store.decode(value, self._server)
        self._moved = (
            exception.DeploymentMismatch(
                backend=self._store.name, theirs=theirs, ours=self._ours
            )
            if theirs is not None and theirs != self._ours
            else None
        )
        self._seen_at = seen_at
        return found

    def check(self) -> None:
        """Refuse a change where the deployment had moved when keys were read.

        :raises DeploymentMismatch: it had
        """
        if self._moved is not None:
            raise self._moved

    def check_written(self) -> None:
        """Say so where a move may have left behind what was just written.

        :raises OutcomeUnknown: the answer came too late to tell
        """
        if time.monotonic() - self._seen_at <= self._seconds:
            return
        try:
            self.gets([])
            self.check()
        except (
            exception.ServiceGroupUnavailable,
            exception.DeploymentMismatch,
        ) as error:
            raise exception.OutcomeUnknown(
                backend=self._store.name,
                reason=f'the answer to a write was late, and then: {error}',
            ) from error
