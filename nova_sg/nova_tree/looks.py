# SPDX-License-Identifier: Apache-2.0

"""A look at services that goes on where one of them is unknown."""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import contextvars
import dataclasses

from nova_sg import exception


@dataclasses.dataclass
class Look:
    """A look at services that goes on where one of them is unknown.

    :param known: of how many services it could be told whether they are up
    :param error: why it could not be told of the latest that is unknown
    :param instead: what an unknown one is taken for
    """

    instead: bool
    known: int = 0
    error: exception.ServiceGroupUnavailable | None = None


_looking: contextvars.ContextVar[Look | None] = contextvars.ContextVar(
    'nova_sg_look', default=None
)


def up(ask: Callable[[], bool]) -> bool:
    """Return whether a service is up.

    :param ask: asks for it
    :returns: for an unknown one what :func:`not_up` or :func:`presumed_up`
        take it for
    :raises ServiceGroupUnavailable: it is unknown
    """
    look = _looking.get()
    if look is None:
        return ask()
    try:
        found = ask()
    except exception.ServiceGroupUnavailable as error:
        look.error = error
        return look.instead
    look.known += 1
    return found


def note(error: exception.ServiceGroupUnavailable) -> None:
    """Note, in a look at many, that one of them is unknown."""
    look = _looking.get()
    if look is not None:
        look.error = error


def not_up() -> contextlib.AbstractContextManager[Look]:
    """Take unknown services for not up, where that does no harm."""
    return _looks(instead=False)


def presumed_up() -> contextlib.AbstractContextManager[Look]:
    """Take unknown services for up, where calling one down does harm."""
    return _looks(instead=True)


@contextlib.contextmanager
def _looks(*, instead: bool) -> Iterator[Look]:
    look = Look(instead)
    token = _looking.set(look)
    try:
        yield look
    finally:
        _looking.reset(token)
