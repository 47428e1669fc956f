# SPDX-License-Identifier: Apache-2.0

"""Which cell a call of nova's is for.

In production that is the cell which nova's context is targeted at, and else
the one that this process belongs to. Under nova's test fixtures, where one
process is many cells, neither holds: there another rule is put in its place
(see :mod:`nova_sg.nova_tree.testing`).

The scheduler asks for services without a context::

    t=0  a boot: nova reads the computes of cell1, in a context for cell1
    t=1  nova makes a dictionary of each, for its filters
    t=2  ComputeFilter asks whether a host is up; nova knows its cell

Then that cell counts, and the latest context which led to it.
"""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import contextvars
from typing import Any

from nova import conf as nova_conf
from nova import context as nova_context

from nova_sg import context as sg_context

CONF = nova_conf.CONF

#: Returns the uuid of the cell of a nova context; None for this process's.
Rule = Callable[[Any], str | None]

#: The cell of the host that nova looks at.
_of_host: contextvars.ContextVar[str | None] = contextvars.ContextVar(
    'nova_sg_cell_of_host', default=None
)

#: For each cell, by its uuid, a context that leads there.
_leading: dict[str | None, Any] = {}


def targeted(context: Any) -> str | None:
    """Return the cell which nova has targeted a context at."""
    uuid: str | None = getattr(context, 'cell_uuid', None)
    return uuid


def administrator_in(context: Any) -> Any:
    """Return a context of nova's that leads where another one does.

    For work that outlasts the call of the other: it has no user's token.
    """
    # nova's tests have get_admin_context return one that is in use.
    found = nova_context.RequestContext(is_admin=True, overwrite=False)
    for name in ('db_connection', 'mq_connection', 'cell_uuid'):
        setattr(found, name, getattr(context, name, None))
    return found


@contextlib.contextmanager
def of_host(uuid: str | None) -> Iterator[None]:
    """Have calls without a context be for the cell of a host.

    :param uuid: of the cell; one that this process has not read is the cell
        of this process
    """
    token = _of_host.set(uuid)
    try:
        yield
    finally:
        _of_host.reset(token)


def _resolved(context: Any) -> Any:
    """Return the context of a call, or one that leads where it should."""
    if context is None:
        return _leading.get(_of_host.get())
    uuid = targeted(context)
    if uuid is not None:
        known = _leading.get(uuid)
        connection = getattr(context, 'db_connection', None)
        # nova makes new connections to its cells now and then.
        if known is None or known.db_connection is not connection:
            _leading[uuid] = administrator_in(context)
    return context


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
    :ivar nova: the same; where there is none, one of the cell of the host
        that nova looks at, if that is known
    """

    def __init__(self, nova: Any = None) -> None:
        nova = _resolved(nova)
        super().__init__(
            cell_uuid=_rule(nova),
            change=getattr(nova, 'change', None),
            is_admin=True,
            overwrite=False,
        )
        self.nova = nova
