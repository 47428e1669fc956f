# SPDX-License-Identifier: Apache-2.0

"""The history of all cells, for nova-manage and for the page."""

from collections.abc import Callable
from collections.abc import Sequence
import sys
from typing import Any

from nova import context as nova_context
from nova import objects

from nova_sg import exception
from nova_sg.nova_tree import cells
from nova_sg.nova_tree import errors
from nova_sg.nova_tree import owner
from nova_sg.nova_tree import transitions
from nova_sg.servicegroup.history import base
from nova_sg.servicegroup.history import entry as entry_

Warn = Callable[[str], object]


def _warn(text: str) -> None:
    """Tell the user of a command."""
    print(f'warning: {text}', file=sys.stderr)


def read(
    question: base.Question, warn: Warn = _warn
) -> Sequence[entry_.Entry]:
    """Return transitions of the services of all cells, in order.

    :param warn: is told in a line what stands in the way of one cell
    :raises ServiceGroupUnavailable: no cell answers; SchemaNotReady where
        the last one keeps no history
    """
    context = nova_context.get_admin_context()
    with errors.as_ours():
        mappings = objects.CellMappingList.get_all(context)
    found: list[entry_.Entry] = []
    failed = []
    for mapping in mappings:
        with nova_context.target_cell(context, mapping) as targeted:
            try:
                found += _of_cell(targeted, question)
            except exception.ServiceGroupUnavailable as error:
                failed.append(error)
                text = ' '.join(str(error).split())
                name = mapping.name or mapping.uuid
                warn(f'cell {name}: {text}')
    if failed and len(failed) == len(mappings):
        raise failed[-1]
    return question.answer(found)


def _of_cell(context: Any, question: base.Question) -> Sequence[entry_.Entry]:
    api = owner.get()
    mine = cells.Context(context)
    if api is not None:
        return api.history(mine, question)
    return transitions.of_novas_table().of(mine, question)
