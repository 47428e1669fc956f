# SPDX-License-Identifier: Apache-2.0

"""What a takeover is: a named piece of nova, checked and then replaced."""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
import functools
import inspect
from typing import Any
from typing import ClassVar
from typing import NamedTuple
from typing import NoReturn

from nova import version as nova_version

from nova_sg import exception


class Wrapped(NamedTuple):
    """A function or method of nova's, and what is called in its place.

    :param owner: the module or class that has it
    :param name: its name there
    :param parameters: its parameters
    :param ours: is called with nova's function and what that would be called
        with
    :param more: parameters that not every release has
    """

    owner: Any
    name: str
    parameters: Collection[str]
    ours: Callable[..., Any]
    more: Collection[str] = ()


def around(
    novas: Callable[..., Any], ours: Callable[..., Any]
) -> Callable[..., Any]:
    """Return what stands in the place of a function; see Wrapped."""

    @functools.wraps(novas)
    def called(*args: Any, **kwargs: Any) -> Any:
        return ours(novas, *args, **kwargs)

    return called


class Patches:
    """What was changed, so that it can be given back."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], Any]] = []

    def set(self, owner: Any, name: str, value: Any) -> None:
        """Set an attribute of a module or class."""
        # Not getattr, which would bind a class method to its class.
        before = vars(owner)[name]
        self._undo.append(lambda: setattr(owner, name, before))
        setattr(owner, name, value)

    def wrap(self, owner: Any, name: str, ours: Callable[..., Any]) -> None:
        """Put a function around one of nova's; see :class:`Wrapped`."""
        self.set(owner, name, around(getattr(owner, name), ours))

    def on_undo(self, call: Callable[[], Any]) -> None:
        """Have something called when everything is given back."""
        self._undo.append(call)

    def undo(self) -> None:
        """Give back what was changed, the last change first."""
        while self._undo:
            self._undo.pop()()


class Takeover:
    """One place where nova reaches services."""

    #: What is taken over, in messages.
    name: ClassVar[str]

    def wrapped(self) -> Iterable[Wrapped]:
        """Return the functions of nova's which this stands around."""
        return ()

    def check(self) -> None:
        """See that nova is as this expects it. Changes nothing.

        :raises UnexpectedNova: it is not
        """
        for each in self.wrapped():
            self.expect_function(
                each.owner, each.name, *each.parameters, more=each.more
            )

    def take(self, patches: Patches) -> None:
        """Put what is ours in nova's place."""
        for each in self.wrapped():
            patches.wrap(each.owner, each.name, each.ours)

    # What a check is made of

    def unexpected(self, expected: str) -> NoReturn:
        """Refuse this nova.

        :param expected: what is not as it should be, as half a sentence
        """
        raise exception.UnexpectedNova(
            version=nova_version.version_string(),
            takeover=self.name,
            expected=expected,
        )

    def expect_attribute(self, owner: Any, name: str) -> Any:
        """Return an attribute which nova has itself, not inherited."""
        try:
            return vars(owner)[name]
        except KeyError:
            self.unexpected(f'{_called(owner)} to have {name}')

    def expect_function(
        self,
        owner: Any,
        name: str,
        *parameters: str,
        more: Collection[str] = (),
    ) -> Callable[..., Any]:
        """Return a function or method with exactly these parameters.

        :param more: parameters it may have beside them
        """
        self.expect_attribute(owner, name)
        found: Callable[..., Any] = getattr(owner, name)
        if not callable(found) or parameters != tuple(
            each
            for each in inspect.signature(found).parameters
            if each not in more
        ):
            self.unexpected(
                f'{_called(owner)}.{name} to take ({", ".join(parameters)})'
            )
        return found


def _called(owner: Any) -> str:
    if inspect.ismodule(owner):
        return owner.__name__
    return f'{owner.__module__}.{owner.__qualname__}'
