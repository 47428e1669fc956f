# SPDX-License-Identifier: Apache-2.0

"""The deployment marker in the database, and the fence that it is."""

import dataclasses

from oslo_db import exception as db_exc
import sqlalchemy as sa

from nova_sg import exception
from nova_sg.db import engine
from nova_sg.db import galera
from nova_sg.db import models
from nova_sg.db import writes
from nova_sg.servicegroup import marker
from nova_sg.servicegroup.records import change

DEPLOYMENT = models.deployment.c

#: The marker, in the order of its fields.
_MARKER = sa.select(DEPLOYMENT.driver, DEPLOYMENT.records, DEPLOYMENT.format)

#: What tells, in the last column, whether a connection is encrypted.
_TLS = {
    'mysql': sa.text("SHOW SESSION STATUS LIKE 'Ssl_cipher'"),
    'postgresql': sa.text(
        'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()'
    ),
}


class _NotTheirs(Exception):
    """The marker is not the one that was to be replaced."""


class SqlMarkerStore(marker.MarkerStore):
    """One row of ``nova_sg_deployment``.

    :param database: the database that is marked
    """

    def __init__(self, database: engine.Database) -> None:
        self._database = database

    @property
    def name(self) -> str:  # type: ignore[override]
        return self._database.name

    def read(self) -> marker.Marker | None:
        row = self._database.read(lambda c: c.execute(_MARKER).first())
        return None if row is None else marker.Marker(*row)

    def claim(self, ours: marker.Marker) -> marker.Marker:
        theirs = self.read()
        if theirs is not None:
            return theirs
        statement = models.deployment.insert().values(
            id=1, **dataclasses.asdict(ours)
        )
        try:
            self._database.write(lambda c: c.execute(statement))
        except db_exc.DBDuplicateEntry:
            theirs = self.read()
        return theirs or ours

    def move(self, theirs: marker.Marker, ours: marker.Marker) -> bool:
        statement = (
            models.deployment.update()
            .where(
                DEPLOYMENT.driver == theirs.driver,
                DEPLOYMENT.records == theirs.records,
                DEPLOYMENT.format == theirs.format,
            )
            .values(**dataclasses.asdict(ours))
        )

        def work(connection: sa.Connection) -> bool:
            if connection.execute(statement).rowcount:
                return True
            # Rolled back, and its token with it.
            raise _NotTheirs

        try:
            return writes.make(
                self._database,
                writes.Write(
                    change.new_token(), 'move', models.deployment.name
                ),
                work,
                lambda _connection, _uuid: True,
            )
        except _NotTheirs:
            return False

    def fence(self, connection: sa.Connection, ours: marker.Marker) -> None:
        """Refuse a change where the deployment has moved away.

        The marker cannot be moved before the transaction of the change has
        ended: its row is locked against writers, and only against them.

        :param connection: in the transaction of the change, behind its first
            write
        :param ours: how this process is configured
        :raises DeploymentMismatch: naming both sides
        """
        row = connection.execute(_MARKER.with_for_update(read=True)).first()
        theirs = ours if row is None else marker.Marker(*row)
        if theirs != ours:
            raise exception.DeploymentMismatch(
                backend=self.name, theirs=theirs, ours=ours
            )

    def confirm(self, ours: marker.Marker) -> None:
        """Say so where a move may have left behind what was just committed.

        Nodes of a Galera cluster do not see each other's locks. A change that
        waits to be committed while a move is applied to its node is aborted,
        and then applied again behind the move, without its statements: the
        marker is not read anew. Elsewhere the lock of :meth:`fence` is enough.

        :param ours: how this process is configured
        :raises OutcomeUnknown: the deployment has moved, or cannot be asked
        """
        try:
            theirs = self._database.read(_of_all_nodes)
        except exception.ServiceGroupUnavailable as error:
            raise self._unconfirmed(error) from error
        if theirs is not None and theirs != ours:
            moved = exception.DeploymentMismatch(
                backend=self.name, theirs=theirs, ours=ours
            )
            raise self._unconfirmed(moved)

    def _unconfirmed(self, error: Exception) -> exception.OutcomeUnknown:
        return exception.OutcomeUnknown(
            backend=self.name,
            reason=f'it was committed on one node of a cluster, then: {error}',
        )

    def facts(self) -> dict[str, str | int]:
        return self._database.read(_facts)


def _of_all_nodes(connection: sa.Connection) -> marker.Marker | None:
    """Return the marker that a Galera cluster agrees on, None elsewhere."""
    if not galera.is_cluster(connection):
        return None
    row = galera.read(connection, _MARKER)
    return None if row is None else marker.Marker(*row)


def _facts(connection: sa.Connection) -> dict[str, str | int]:
    """Return the version of a server, and whether it is spoken to by TLS."""
    dialect = connection.dialect
    name = 'mariadb' if getattr(dialect, 'is_mariadb', False) else dialect.name
    version = getattr(dialect, 'server_version_info', None) or ()
    facts: dict[str, str | int] = {
        'database_version': f'{name} {".".join(str(each) for each in version)}'
    }
    if dialect.name in _TLS:
        encrypted = connection.execute(_TLS[dialect.name]).first()
        facts['tls'] = 'yes' if encrypted and encrypted[-1] else 'no'
    return facts
