# SPDX-License-Identifier: Apache-2.0

"""What a host has, uses, and has promised: ``describe-resource``."""

from collections.abc import Collection
import dataclasses
import itertools
from typing import Any

#: CPUs, memory and disk.
_Parts = tuple[int, int, int]


@dataclasses.dataclass(frozen=True)
class HostResource:
    """A row of ``describe-resource``.

    :param project: ``(total)``, ``(used_now)``, ``(used_max)``, or a project
    """

    host: str
    project: str
    cpu: int
    memory_mb: int
    disk_gb: int


def of(
    host: str, nodes: Collection[Any], instances: Collection[Any]
) -> list[HostResource]:
    """Return what a host has, uses, and has promised to each project.

    ``(used_max)`` is what its instances may use at most, which is what their
    flavors say; then a row per project.

    :param nodes: its compute nodes, ours or nova's: the fields are the same
    :param instances: its instances, likewise
    """
    promised: dict[str, list[_Parts]] = {}
    for each in instances:
        parts = each.vcpus, each.memory_mb, each.root_gb + each.ephemeral_gb
        promised.setdefault(each.project_id, []).append(parts)
    rows: dict[str, list[_Parts]] = {
        '(total)': [(e.vcpus, e.memory_mb, e.local_gb) for e in nodes],
        '(used_now)': [
            (e.vcpus_used, e.memory_mb_used, e.local_gb_used) for e in nodes
        ],
        '(used_max)': list(itertools.chain(*promised.values())),
        **dict(sorted(promised.items())),
    }
    return [
        HostResource(host, name, *map(sum, zip((0, 0, 0), *some, strict=True)))
        for name, some in rows.items()
    ]
