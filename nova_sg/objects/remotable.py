# SPDX-License-Identifier: Apache-2.0

"""Methods that run here or in a conductor, with any release of the library.

A class method is written ``@classmethod @remotable``. oslo.versionedobjects
knows this from 3.10 on. Before, ``remotable`` is for methods of objects only,
and those of a class need ``remotable_classmethod``, which later releases warn
of.
"""

from collections.abc import Callable
import functools
from typing import Any

from oslo_versionedobjects import base as ovo_base

Method = Callable[..., Any]


def _is_for_classes() -> bool:
    """Return whether the library's ``remotable`` is for class methods, too."""

    class Probe:
        indirection_api = None

    def method(_cls: type[Any], _context: Any) -> bool:
        return True

    try:
        return bool(ovo_base.remotable(method)(Probe, None))
    except AttributeError:
        # It has looked for the context of an object.
        return False


def _for_both(method: Method) -> Method:
    """Make a method remotable, be it of an object or of a class."""
    of_object = ovo_base.remotable(method)
    of_class = ovo_base.remotable_classmethod(method)

    @functools.wraps(method)
    def called(owner: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(owner, type):
            return of_class.__get__(None, owner)(*args, **kwargs)
        return of_object(owner, *args, **kwargs)

    # The library and the server of the calls look for them by these names.
    called.remotable = True  # type: ignore[attr-defined]
    called.original_fn = method  # type: ignore[attr-defined]
    return called


remotable: Callable[[Method], Method] = (
    ovo_base.remotable if _is_for_classes() else _for_both
)
