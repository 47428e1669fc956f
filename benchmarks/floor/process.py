# SPDX-License-Identifier: Apache-2.0


"""A process with nothing but a connection to each backend."""

from collections.abc import Sequence
import dataclasses
from typing import Any

from pymemcache.client import base as pymemcache
import sqlalchemy as sa

from benchmarks.floor import tables
from nova_sg.servicegroup.backends.memcached import keys as memcached_keys


@dataclasses.dataclass(frozen=True)
class Process:
    """What an operation works with."""

    options: dict[str, Any]
    engine: sa.Engine
    memcached: pymemcache.Client | None
    keys: memcached_keys.Keys

    def rows(self, statement: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        """Return all rows, in a transaction of their own."""
        with self.engine.connect() as connection:
            return connection.execute(statement).all()

    def fetch(self, statement: sa.Select[Any]) -> Sequence[tuple[Any, ...]]:
        """Return all rows as the driver of the database has them.

        Nothing is made of a row or of a value in it: no list can cost less.
        """
        with self.engine.connect() as connection:
            found = connection.execute(statement).cursor
            rows: Sequence[tuple[Any, ...]] = found.fetchall()
            return rows

    def member_keys(self) -> list[str]:
        """Return the keys that the ``mc`` driver reads for all services."""
        if self.memcached is None:
            return []
        uuids = sa.select(tables.services.c.uuid).where(tables.LIVE)
        return [self.keys.member(each) for (each,) in self.rows(uuids)]


def set_up(options: dict[str, Any]) -> Process:
    """Become a process of a deployment.

    :param options: what :meth:`benchmarks.world.World.options` returned
    """
    memcached = None
    if options['memcached']:
        memcached = pymemcache.Client(options['memcached'], no_delay=True)
    return Process(
        options,
        sa.create_engine(options['database']),
        memcached,
        memcached_keys.Keys(options['key_prefix']),
    )
