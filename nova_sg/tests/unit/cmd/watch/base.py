# SPDX-License-Identifier: Apache-2.0

"""Services as a list would show them."""

import dataclasses
import datetime
from typing import Any

from nova_sg.cmd.watch import follower
from nova_sg.cmd.watch import transitions
from nova_sg.servicegroup import reasons

NOON = datetime.datetime(2030, 1, 1, 12, tzinfo=datetime.UTC)


def sighting(host: str = 'c1', **changes: Any) -> transitions.Sighting:
    """Return a compute that is up, but for what is given."""
    service = transitions.Sighting(
        f'uuid-{host}',
        host,
        'nova-compute',
        'nova',
        'up',
        'enabled',
        False,
        None,
    )
    return dataclasses.replace(service, **changes)


def down(
    reason: str, *, minutes: float = 0, **changes: Any
) -> transitions.Sighting:
    """Return a compute that is down.

    :param reason: why
    :param minutes: after noon at which it was last seen
    """
    seen = NOON + datetime.timedelta(minutes=minutes)
    why = reasons.Departure(reason, seen, seen, 'c1:99')
    return sighting(state='down', why=why, **changes)


def by_uuid(
    *services: transitions.Sighting,
) -> dict[str, transitions.Sighting]:
    return {each.uuid: each for each in services}


def news(
    *services: transitions.Sighting,
    changes: list[transitions.Transition] | None = None,
    after: float = 0,
    error: str | None = None,
) -> follower.News:
    """Return what a reading brought.

    :param after: seconds after noon at which it was learned
    """
    learned_at = NOON + datetime.timedelta(seconds=after)
    read_at = NOON if error else learned_at
    return follower.News(
        by_uuid(*services), read_at, learned_at, changes or [], error
    )
