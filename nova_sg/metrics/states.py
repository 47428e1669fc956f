# SPDX-License-Identifier: Apache-2.0

"""The states of all services, and what of them changes."""

import collections
from collections.abc import Iterable
from collections.abc import Mapping
import json
from typing import NamedTuple

from nova_sg import instruments
from nova_sg.objects import overview
from nova_sg.servicegroup import liveness


class States(NamedTuple):
    """The states of services, by uuid: nearly all of them are up.

    :param up: the uuids of those that are up
    :param others: state and reason of all others
    """

    up: frozenset[str]
    others: Mapping[str, tuple[str, str]]

    @classmethod
    def of(cls, seen: Iterable[overview.Seen]) -> 'States':
        up, others = [], {}
        for each in seen:
            if each.state == liveness.UP:
                up.append(each.service.uuid)
            else:
                others[each.service.uuid] = each.state, each.reason
        return cls(frozenset(up), others)

    @classmethod
    def load(cls, content: str) -> 'States':
        up, _, others = content.partition('\n')
        return cls(
            frozenset(up.split()),
            {uuid: tuple(each) for uuid, each in json.loads(others).items()},
        )

    def dump(self) -> str:
        return f'{" ".join(self.up)}\n{json.dumps(self.others)}'

    def get(self, uuid: str) -> str | None:
        """Return the state of a service, None where it was not there."""
        if uuid in self.up:
            return liveness.UP
        state, _ = self.others.get(uuid, (None, None))
        return state


def count_changes(before: States, now: States) -> None:
    """Count the services that are something else than they were.

    A service that is new, or gone, has not changed.
    """
    changes: collections.Counter[tuple[str, str, str]] = collections.Counter()
    for uuid, (state, reason) in now.others.items():
        was = before.get(uuid)
        if was is not None and was != state:
            changes[was, state, reason] += 1
    for uuid, (state, _) in before.others.items():
        if uuid in now.up:
            changes[state, liveness.UP, ''] += 1
    for (was, state, reason), count in changes.items():
        instruments.current.verdict_changed(was, state, reason, count)
