# SPDX-License-Identifier: Apache-2.0

"""No change is made in a ZooKeeper that the deployment has left.

The transaction of each change checks the version of the deployment marker::

    t=0  a writer reads the marker: version 4, its own deployment
    t=1  a migration moves the marker elsewhere: version 5
    t=2  the writer's transaction arrives, and fails at its first operation
    t=2+ the writer reads the marker again, and refuses the change
"""

from nova_sg import exception
from nova_sg.servicegroup import marker
from nova_sg.servicegroup.backends.zookeeper import errors
from nova_sg.servicegroup.backends.zookeeper import marker as zookeeper_marker
from nova_sg.servicegroup.backends.zookeeper import requests
from nova_sg.servicegroup.backends.zookeeper import session as sg_session
from nova_sg.servicegroup.records import change


class Fence:
    """The marker as the writers of this process have seen it.

    :param session: the session they write over
    :param ours: how this process is configured
    """

    def __init__(
        self, session: sg_session.Session, ours: marker.Marker
    ) -> None:
        self._markers = zookeeper_marker.ZooKeeperMarkerStore(session)
        self._path = session.layout.deployment
        self._ours = ours
        self._version: int | None = None

    def guard(self, deadline: float) -> list[requests.Operation]:
        """Return what fails in a transaction once the deployment has moved.

        Nothing where there is no marker yet: a migration writes one before
        anything else.

        :param deadline: ``time.monotonic()`` until when to ask
        :raises DeploymentMismatch: it has moved already
        :raises ServiceGroupUnavailable: ZooKeeper cannot be asked
        """
        version = self._version
        if version is None:
            found = self._markers.read_version(deadline)
            if found is None:
                return []
            theirs, version = found
            if theirs != self._ours:
                raise exception.DeploymentMismatch(
                    backend=self._markers.name, theirs=theirs, ours=self._ours
                )
            self._version = version
        return [requests.check(self._path, version)]

    def check(self, failed: errors.TransactionFailed) -> None:
        """Have a change tried anew that has failed at its guard.

        The marker may be another, or the same and rewritten.

        :raises Conflict: it has
        """
        if failed.path == self._path:
            self._version = None
            raise change.Conflict from failed
