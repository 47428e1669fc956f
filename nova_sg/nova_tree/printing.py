# SPDX-License-Identifier: Apache-2.0

"""Tables as nova-manage prints them."""

from collections.abc import Sequence
from typing import Any

from cliff import columns as cliff_columns
import prettytable

from nova_sg.nova_tree import shown

#: Those of the list of services that nova-manage had.
COLUMNS = ('Binary', 'Host', 'Zone', 'Status', 'State', 'Updated At')


def row(service: shown.Shown) -> list[Any]:
    """Return what :data:`COLUMNS` show of a service."""
    status = None
    if service.disabled is not None:
        status = 'disabled' if service.disabled else 'enabled'
    updated = service.updated_at
    return [
        service.binary,
        service.host,
        service.availability_zone,
        status,
        service.state,
        updated and updated.strftime('%Y-%m-%d %H:%M:%S'),
    ]


def print_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print rows; a value of cliff's as a command of cliff would."""
    table = prettytable.PrettyTable(columns)
    table.align = 'l'
    for each in rows:
        table.add_row([_cell(value) for value in each])
    print(table)


def _cell(value: Any) -> Any:
    if isinstance(value, cliff_columns.FormattableColumn):
        return value.human_readable()
    return '' if value is None else value
