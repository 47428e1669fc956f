# SPDX-License-Identifier: Apache-2.0

"""The configuration of the nova that is measured."""

import pathlib
from typing import Any

from benchmarks import sides
from nova_sg.tests.nova_deployment import configuration
from nova_sg.tests.nova_deployment import processes

#: Seconds after which a compute of the database would be down: longer than
#: the benchmark.
_DOWN_TIME = 100_000


def write(
    directory: pathlib.Path, database: str, options: dict[str, Any]
) -> None:
    """Write what nova's API and nova-manage read.

    :param database: a URL with ``{name}`` for the name of the database
    :param options: more of it, by group
    """
    addresses = configuration.Addresses(
        database=database, messaging='fake://', placement=0, api=0
    )
    configuration.write_nova(
        directory,
        addresses,
        'controller',
        {
            'DEFAULT': {'service_down_time': _DOWN_TIME},
            'api': {'max_limit': 1_000_000},
            **options,
        },
    )
    configuration.write_api(directory, 0, '', threads=True)


def environment(directory: pathlib.Path) -> dict[str, str]:
    """Return the environment of a process that reads it."""
    return processes.environment(
        OS_NOVA_CONFIG_DIR=str(directory), PYTHONPATH=str(sides.TOP)
    )
