# SPDX-License-Identifier: Apache-2.0

"""What a list shows, of records and verdicts."""

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence

from nova_sg import times
from nova_sg.servicegroup import listed
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import member
from nova_sg.servicegroup import record


def parts(
    records: Sequence[record.Record],
    alive: Mapping[str, liveness.Liveness],
    zone_of: listed.ZoneOf,
) -> Iterator[list[listed.Listed]]:
    """Return what a list shows of services, part by part.

    :param alive: verdicts by uuid
    """
    for start in range(0, len(records), listed.PART):
        yield [
            of(each, alive.get(each.uuid), zone_of(each.host, each.topic))
            for each in records[start : start + listed.PART]
        ]


def of(
    shown: record.Record, verdict: liveness.Liveness | None, zone: str
) -> listed.Listed:
    """Return what a list shows of one service."""
    seen = shown.last_seen_up
    if verdict is not None and verdict.last_seen is not None:
        seen = verdict.last_seen
    changed_at = member.latest(shown.created_at, shown.updated_at, seen)
    return listed.of_values(
        (
            shown.id,
            shown.uuid,
            shown.host,
            shown.binary,
            shown.topic,
            zone,
            shown.disabled,
            shown.disabled_reason,
            shown.forced_down,
            listed.state(verdict, forced_down=shown.forced_down),
            times.text(changed_at),
        )
    )
