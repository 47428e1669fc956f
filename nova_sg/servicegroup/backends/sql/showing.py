# SPDX-License-Identifier: Apache-2.0

"""Lists that are rendered while the rows are read, part by part.

No record, no verdict and no time is made of the row of a service that is up:
the database judges it, and writes its time as REST does. What is kept of such
a service is its uuid. The memory of a list is that of what is rendered.
"""

from collections.abc import Sequence
import datetime
import time
from typing import Any
from typing import TypeVar
from typing import Unpack

from oslo_config import cfg
import sqlalchemy as sa

from nova_sg import times
from nova_sg.db import beats
from nova_sg.db import clock
from nova_sg.db import engine
from nova_sg.db import types
from nova_sg.inventory import base as inventory_base
from nova_sg.servicegroup import listed
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import record
from nova_sg.servicegroup.backends.sql import membership as sql_membership
from nova_sg.servicegroup.backends.sql import rows as sql_rows

T = TypeVar('T')

#: What a row has first; the id follows, and the uuid.
_UP, _SEEN, _NOW, _ID, _UUID = range(5)

#: The columns that are shown as they are, in the order of ``Listed``.
_NAMES = (
    *('id', 'uuid', 'host', 'binary', 'topic'),
    *('disabled', 'disabled_reason', 'forced_down'),
)

#: How long the text of a time is that has all its digits.
_DIGITS = len('2026-01-01T00:00:00.000000')


class Showing:
    """Renders lists of services.

    :param conf: a loaded configuration
    :param membership: is told the database's time
    """

    def __init__(
        self, conf: cfg.ConfigOpts, membership: sql_membership.SqlMembership
    ) -> None:
        self._database = engine.get(conf)
        self._down_time: int = conf.servicegroup.service_down_time
        self._membership = membership
        services = sql_rows.SERVICES
        columns = dict(zip(record.FIELDS, sql_rows.COLUMNS, strict=True))
        self._rows = sql_rows.Listing(
            beats.seen_within(self._down_time),
            clock.text(services.last_seen_up),
            clock.epoch(),
            columns=[
                *(columns[name] for name in _NAMES),
                clock.changed(
                    services.created_at,
                    services.updated_at,
                    services.last_seen_up,
                ),
            ],
        )

    def render(
        self,
        judge: liveness.Judge,
        zoning: inventory_base.Zoning,
        render: listed.Render[T],
        **filters: Unpack[record.Filters],
    ) -> list[T]:
        """Return what is made of each part of a list.

        :param judge: is told of the services
        :param zoning: tells the zones of the services
        :param render: makes something of a part
        :param filters: see ``RecordStore.list``
        :raises ServiceGroupUnavailable: the database cannot be asked
        """
        known_at = time.monotonic()
        parts, uuids, but, now = self._database.read(
            lambda connection: self._read(
                connection, known_at, judge, zoning, render, filters
            )
        )
        since = None
        if now is not None:
            # What is up has beaten since then, or was created.
            since = datetime.datetime.fromtimestamp(
                now - self._down_time - 1, datetime.UTC
            )
        judge.listed(
            liveness.AllBut(uuids, but, known_at, since, len(uuids)), filters
        )
        return parts

    def _read(
        self,
        connection: sa.Connection,
        known_at: float,
        judge: liveness.Judge,
        zoning: inventory_base.Zoning,
        render: listed.Render[T],
        filters: record.Filters,
    ) -> tuple[
        list[T], liveness.Uuids, dict[str, liveness.Liveness], float | None
    ]:
        """Read the rows, and render each part of them.

        :returns: besides the parts, the services that there are, what is
            known of those that are not simply up, and the database's time
        """
        parts: list[T] = []
        uuids = liveness.Uuids()
        told: dict[str, liveness.Liveness] = {}
        now: float | None = None
        unsure = judge.unsure()
        result = self._rows.execute(connection, **filters)
        for rows in sql_rows.fetched(result, listed.PART):
            if now is None:
                # A clock that was set explains why services seem silent.
                self._membership.note_clock(rows[0][_NOW], known_at)
            now = rows[0][_NOW]
            # A row of an old nova may have no uuid.
            uuids.add([row[_UUID] for row in rows if row[_UUID]])
            services = _up(rows, zoning)
            odd = {
                number: liveness.Liveness(
                    bool(row[_UP]),
                    row[_SEEN] and types.moment(row[_SEEN]),
                    known_at,
                )
                for number, row in enumerate(rows)
                if not row[_UP] or row[_UUID] in unsure
            }
            if odd:
                verdicts = {rows[i][_UUID]: each for i, each in odd.items()}
                stand = judge.learn(verdicts)
                told.update(verdicts)
                for number in odd:
                    service = services[number]
                    services[number] = service._replace(
                        state=listed.state(
                            stand.get(service.uuid),
                            forced_down=service.forced_down,
                        )
                    )
            parts.append(render(services))
        return parts, uuids, told, now


def _up(
    rows: Sequence[tuple[Any, ...]], zoning: inventory_base.Zoning
) -> list[listed.Listed]:
    """Return the services of rows, as if all were up."""
    make = listed.of_values
    # As Zoning does it: to call it takes as long as all else of a service.
    zone_of, compute = zoning.zones.get, inventory_base.COMPUTE_TOPIC
    internal, default = zoning.internal, zoning.default
    return [
        make(
            (
                id_,
                uuid,
                host,
                binary,
                topic,
                zone_of(host, default) if topic == compute else internal,
                # A number in some databases.
                disabled != 0,
                disabled_reason,
                forced_down != 0,
                liveness.DOWN if forced_down else liveness.UP,
                changed_at
                if changed_at is None or len(changed_at) == _DIGITS
                else _all_digits(changed_at),
            )
        )
        for (
            _is_up,
            _seen,
            _now,
            id_,
            uuid,
            host,
            binary,
            topic,
            disabled,
            disabled_reason,
            forced_down,
            changed_at,
        ) in rows
    ]


def _all_digits(text: str) -> str | None:
    """Return a time as REST writes it that another program has written."""
    return times.text(datetime.datetime.fromisoformat(text))
