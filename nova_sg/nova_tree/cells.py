# SPDX-License-Identifier: Apache-2.0

"""Which cell a call of nova's is for.

In production that is the cell which nova's context is targeted at, and else
the one that this process belongs to. Under nova's test fixtures, where one
process is many cells, neither holds: there another rule is put in its place
(see :mod:`nova_sg.nova_tree.testing`).
"""

from collections.abc import Callable
from typing import Any

from nova import conf as nova_conf
from nova import context as nova_context

from nova_sg import context as sg_context

CONF = nova_conf.CONF

#: Returns the uuid of the cell of a nova context; None for this process's.
Rule = Callable[[Any], str | None]


def targeted(context: Any) -> str | None:
    """Return the cell which nova has targeted a context at."""
    uuid: str | None = getattr(context, 'cell_uuid', None)
    return uuid


def administrator_in(context: Any) -> Any:
    """Return a context of nova's that leads where another one does.

    For work that outlasts the call of the other: it has no user's token.
    """
    found = nova_context.get_admin_context()
    for name in ('db_connection', 'mq_connection', 'cell_uuid'):
        setattr(found, name, getattr(context, name, None))
    return found


_rule: Rule = targeted


def use(rule: Rule) -> None:
    """Have another rule tell cells apart."""
    global _rule
    _rule = rule


def of_this_process() -> str | None:
    """Return the cell in ``[servicegroup] cell``.

    None where another rule tells cells apart.
    """
    if _rule is not targeted:
        return None
    cell: str = CONF.servicegroup.cell
    return cell


class Context(sg_context.RequestContext):
    """A call of nova's, as nova_sg sees it.

    :param nova: nova's own context, which leads to its databases; None where
        there is none. The token of a change that came from another process
        is its attribute ``change`` (see :mod:`nova_sg.nova_tree.endpoint`).
    """

    def __init__(self, nova: Any = None) -> None:
        super().__init__(
            cell_uuid=_rule(nova),
            change=getattr(nova, 'change', None),
            is_admin=True,
            overwrite=False,
        )
        self.nova = nova
