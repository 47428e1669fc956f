# SPDX-License-Identifier: Apache-2.0

"""The deployment marker: what a backend says of the deployment it serves.

Two processes which disagree about the driver, or about where records are,
would each have a source of truth of their own. So the first writer marks the
backend, and a process that is configured otherwise refuses to start::

    t=0   conductor A, with driver = zk, claims an empty ensemble: the marker
          says zk, records in ZooKeeper
    t=1   conductor B, with driver = zk and records = sql, claims it, too: it
          gets A's marker, which is not its own, and refuses to start
    t=60  an operator moves the deployment to mc: a migration replaces the
          marker, only if it still is A's
    t=60  A writes a record: its store finds another marker in the same
          transaction, and refuses the change
    t=61  A reads, looks at the marker again, and says where services are now
    t=80  C, which has only ever read, looks again, too
"""

import abc
import dataclasses
from typing import Self

from nova_sg import exception

#: The version of the layout all backends share; raised when a reader of the
#: old layout would misread the new one.
FORMAT = 1

#: The format in the marker of a source that is closed, and not yet copied to
#: its end. No process has it, so that none starts there.
MOVING = 0

#: Seconds for which a process that writes records trusts the marker it has
#: read. A deployment that moves waits until all have looked again.
TRUSTED = 1.0

#: Seconds for which one that only reads trusts it. All services look dead to
#: a process that was left behind by a move.
READ_TRUSTED = 30.0


@dataclasses.dataclass(frozen=True)
class Marker:
    """How a deployment is configured.

    :param driver: ``[servicegroup] driver``
    :param records: where records are kept
    :param format: :data:`FORMAT` of the process that wrote it, or
        :data:`MOVING`
    """

    driver: str
    records: str
    format: int = FORMAT

    def __str__(self) -> str:
        stage = (
            'a move there has not ended; if it was cut off, run it again'
            if self.is_moving
            else f'format {self.format}'
        )
        return f'driver = {self.driver}, records = {self.records} ({stage})'

    @property
    def is_moving(self) -> bool:
        """Whether it marks a source that is not yet copied to its end."""
        return self.format == MOVING

    def moving(self) -> Self:
        """Return the marker of a source from which services move there.

        It tells the original from the copy: while services move the source
        names the target, and the target the source.
        """
        return dataclasses.replace(self, format=MOVING)


class MarkerStore(abc.ABC):
    """The place in a backend where its marker lies."""

    #: The backend in messages, without credentials.
    name: str

    @abc.abstractmethod
    def read(self) -> Marker | None:
        """Return the marker, None where nobody has written one.

        :raises ServiceGroupUnavailable: the backend cannot be asked
        """

    def read_all(self) -> set[Marker]:
        """Return what each part of the backend that has a marker says.

        More than one where it was changed in some parts only.

        :raises ServiceGroupUnavailable: a part of it cannot be asked
        """
        theirs = self.read()
        return set() if theirs is None else {theirs}

    @abc.abstractmethod
    def claim(self, marker: Marker) -> Marker:
        """Write the marker where there is none.

        :returns: the marker that is there afterwards: of two racing claims
            both callers get the same
        """

    @abc.abstractmethod
    def move(self, theirs: Marker, ours: Marker) -> bool:
        """Replace the marker, only if it still is ``theirs``.

        :returns: whether it was replaced
        """

    def facts(self) -> dict[str, str | int]:
        """Return what an operator should know of this backend, by name.

        :raises ServiceGroupUnavailable: the backend cannot be asked
        """
        return {}

    def check(self, ours: Marker, *, claim: bool) -> None:
        """Refuse a backend that belongs to another deployment.

        :param ours: how this process is configured
        :param claim: mark an unmarked backend as ours
        :raises DeploymentMismatch: naming both sides
        """
        theirs = self.claim(ours) if claim else self.read()
        if theirs is not None and theirs != ours:
            raise exception.DeploymentMismatch(
                backend=self.name, theirs=theirs, ours=ours
            )
