# SPDX-License-Identifier: Apache-2.0

"""The inventory in tables of nova_sg's own."""

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
from typing import Any

from oslo_config import cfg
from oslo_db import exception as db_exc
from oslo_utils import uuidutils
import sqlalchemy as sa

from nova_sg.db import clock
from nova_sg.db import engine
from nova_sg.db import models
from nova_sg.db import writes
from nova_sg.inventory import base

NODES = models.compute_nodes.c
AGGREGATES = models.aggregates.c
MEMBERS = models.aggregate_hosts.c
INSTANCES = models.instances.c

INSTANCE_FIELDS = tuple(f.name for f in dataclasses.fields(base.Instance))

#: Compute nodes written in one transaction.
BATCH = 500

#: Hosts named in one statement. Above, all instances are read: a database
#: bounds its parameters, and so many hosts are nearly all of them.
MAX_HOSTS = 5000

#: Rows that are worked on at once: they stay in the caches of a processor.
PART = 1000


class SqlInventory(base.Inventory):
    """Filled by the agent and by nova-sg-manage.

    :param conf: a loaded configuration
    """

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        super().__init__(conf)
        self._database = engine.get(conf)

    def zones(self, hosts: Sequence[str] | None = None) -> dict[str, str]:
        statement = (
            sa.select(MEMBERS.host, AGGREGATES.availability_zone)
            .join_from(models.aggregate_hosts, models.aggregates)
            .where(AGGREGATES.availability_zone.is_not(None))
        )
        if hosts is not None:
            statement = statement.where(MEMBERS.host.in_(hosts))
        return self._database.read(lambda c: _zones(c.execute(statement)))

    def set_zone(
        self, host: str, zone: str, *, token: str | None = None
    ) -> None:
        self._ensure_aggregate(zone)
        zoned = sa.select(AGGREGATES.id).where(
            AGGREGATES.availability_zone.is_not(None)
        )
        target = sa.select(AGGREGATES.id, sa.literal(host)).where(
            AGGREGATES.name == zone
        )

        # Changes nothing, and lets one move at a time: of two which do not
        # see each other's rows the host would end up in both zones.
        lock = (
            models.aggregates.update()
            .where(AGGREGATES.availability_zone.is_not(None))
            .values(updated_at=AGGREGATES.updated_at)
        )

        def work(connection: sa.Connection) -> None:
            connection.execute(lock)
            connection.execute(
                models.aggregate_hosts.delete().where(
                    MEMBERS.host == host, MEMBERS.aggregate_id.in_(zoned)
                )
            )
            connection.execute(
                models.aggregate_hosts.insert().from_select(
                    ['aggregate_id', 'host'], target
                )
            )

        write = writes.Write(
            token or uuidutils.generate_uuid(dashed=False), 'set_zone', host
        )
        try:
            writes.make(self._database, write, work, _made_before)
        except db_exc.DBDuplicateEntry:
            # Somebody moved the host into this zone at the same time.
            return

    def leave_aggregates(self, host: str) -> None:
        self._execute(
            models.aggregate_hosts.delete().where(MEMBERS.host == host)
        )

    def aggregates(self) -> list[base.Aggregate]:
        return self._aggregates()

    def aggregate(self, aggregate_id: int) -> base.Aggregate | None:
        found = self._aggregates(AGGREGATES.id == aggregate_id)
        return found[0] if found else None

    def compute_nodes(
        self,
        host: str | None = None,
        *,
        pattern: str | None = None,
        after: int | None = None,
        limit: int | None = None,
    ) -> list[base.ComputeNode]:
        statement = _nodes().order_by(NODES.id).limit(limit)
        if host is not None:
            statement = statement.where(NODES.host == host)
        if pattern is not None:
            statement = statement.where(
                NODES.hypervisor_hostname.contains(pattern, autoescape=True)
            )
        if after is not None:
            statement = statement.where(NODES.id > after)
        return [base.ComputeNode.from_row(row) for row in self._all(statement)]

    def compute_node(
        self, *, id: int | None = None, uuid: str | None = None
    ) -> base.ComputeNode | None:
        wanted = NODES.uuid == uuid if id is None else NODES.id == id
        rows = self._all(_nodes().where(wanted))
        return base.ComputeNode.from_row(rows[0]) if rows else None

    def hosts_of_type(self, hypervisor_type: str) -> set[str]:
        statement = sa.select(NODES.host).where(
            NODES.hypervisor_type == hypervisor_type
        )
        return {host for (host,) in self._all(statement)}

    def report(self, nodes: Iterable[base.ComputeNode]) -> None:
        batch: list[base.ComputeNode] = []
        for node in nodes:
            batch.append(node)
            if len(batch) == BATCH:
                self._report_batch(batch)
                batch = []
        if batch:
            self._report_batch(batch)

    def remove_compute_nodes(self, host: str) -> None:
        self._execute(models.compute_nodes.delete().where(NODES.host == host))

    def instances(self, host: str) -> list[base.Instance]:
        return self.instances_by_host([host]).get(host, [])

    def instances_by_host(
        self, hosts: Sequence[str]
    ) -> Mapping[str, list[base.Instance]]:
        wanted = set(hosts)
        statement = sa.select(
            *(INSTANCES[name] for name in INSTANCE_FIELDS)
        ).order_by(INSTANCES.uuid)
        if len(wanted) <= MAX_HOSTS:
            statement = statement.where(INSTANCES.host.in_(sorted(wanted)))
        found: dict[str, list[base.Instance]] = {}
        for row in self._all(statement):
            if row.host in wanted:
                found.setdefault(row.host, []).append(
                    base.Instance(**row._mapping)
                )
        return found

    def count_instances(self, host: str) -> int:
        statement = (
            sa.select(sa.func.count())
            .select_from(models.instances)
            .where(INSTANCES.host == host)
        )
        return int(self._all(statement)[0][0])

    def _aggregates(
        self, *conditions: sa.ColumnElement[bool]
    ) -> list[base.Aggregate]:
        """Return aggregates by id, each with its hosts, by one statement."""
        names = [
            field.name
            for field in dataclasses.fields(base.Aggregate)
            if field.name != 'hosts'
        ]
        statement = (
            sa.select(*(AGGREGATES[name] for name in names), MEMBERS.host)
            .join_from(models.aggregates, models.aggregate_hosts, isouter=True)
            .where(*conditions)
            .order_by(AGGREGATES.id, MEMBERS.host)
        )
        hosts: dict[tuple[Any, ...], list[str]] = {}
        for *aggregate, host in self._all(statement):
            members = hosts.setdefault(tuple(aggregate), [])
            if host is not None:
                members.append(host)
        return [
            base.Aggregate(
                **dict(zip(names, aggregate, strict=True)),
                hosts=tuple(members),
            )
            for aggregate, members in hosts.items()
        ]

    def _report_batch(self, nodes: Sequence[base.ComputeNode]) -> None:
        def work(connection: sa.Connection) -> None:
            for node in nodes:
                self._report_node(connection, node)

        try:
            self._database.write(work)
        except db_exc.DBDuplicateEntry:
            # Two agents of one host met at their first report; the rows are
            # there now.
            self._database.write(work)

    @staticmethod
    def _report_node(
        connection: sa.Connection, node: base.ComputeNode
    ) -> None:
        values = dataclasses.asdict(node)
        uuid = values.pop('uuid') or uuidutils.generate_uuid()
        values.pop('id')
        changed = connection.execute(
            models.compute_nodes.update()
            .where(
                NODES.host == node.host,
                NODES.hypervisor_hostname == node.hypervisor_hostname,
            )
            .values(updated_at=clock.utcnow(), **values)
        )
        if not changed.rowcount:
            connection.execute(
                models.compute_nodes.insert().values(
                    uuid=uuid, created_at=clock.utcnow(), **values
                )
            )

    def _ensure_aggregate(self, zone: str) -> None:
        statement = models.aggregates.insert().values(
            uuid=uuidutils.generate_uuid(),
            name=zone,
            availability_zone=zone,
            created_at=clock.utcnow(),
        )
        named = sa.select(AGGREGATES.id).where(AGGREGATES.name == zone)
        if not self._all(named):
            try:
                self._execute(statement)
            except db_exc.DBDuplicateEntry:
                # Somebody made it since: that one serves as well.
                return

    def _all(self, statement: sa.Select[Any]) -> Sequence[Any]:
        return self._database.read(lambda c: c.execute(statement).all())

    def _execute(self, statement: sa.Executable) -> None:
        self._database.write(lambda c: c.execute(statement))


def _made_before(_connection: sa.Connection, _host: str) -> None:
    """Do nothing: a host may have been moved on since."""


def _nodes() -> sa.Select[Any]:
    return sa.select(*(NODES[name] for name in base.NODE_FIELDS))


def _zones(members: sa.Result[Any]) -> dict[str, str]:
    """Return the zones of hosts.

    Of very many hosts neither all rows are held, nor a text for each.

    :param members: hosts and zones of their aggregates
    """
    zones: dict[str, str] = {}
    texts: dict[str, str] = {}
    # Sorted here: a database would sort all for the few in several.
    several: dict[str, set[str]] = {}
    for rows in members.partitions(PART):
        for host, zone in rows:
            zone = texts.setdefault(zone, zone)
            if zones.setdefault(host, zone) != zone:
                several.setdefault(host, {zones[host]}).add(zone)
    for host, names in several.items():
        zones[host] = ','.join(sorted(names))
    return zones
