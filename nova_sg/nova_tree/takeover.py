# SPDX-License-Identifier: Apache-2.0

"""What a takeover is: a named piece of nova, checked and then replaced."""

import abc
from collections.abc import Callable
from collections.abc import Collection
import inspect
from typing import Any
from typing import ClassVar
from typing import NoReturn

from nova import version as nova_version

from nova_sg import exception


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

    def on_undo(self, call: Callable[[], Any]) -> None:
        """Have something called when everything is given back."""
        self._undo.append(call)

    def undo(self) -> None:
        """Give back what was changed, the last change first."""
        while self._undo:
            self._undo.pop()()


class Takeover(abc.ABC):
    """One place where nova reaches services."""

    #: What is taken over, in messages.
    name: ClassVar[str]

    @abc.abstractmethod
    def check(self) -> None:
        """See that nova is as this expects it. Changes nothing.

        :raises UnexpectedNova: it is not
        """

    @abc.abstractmethod
    def take(self, patches: Patches) -> None:
        """Put what is ours in nova's place."""

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
