# SPDX-License-Identifier: Apache-2.0

"""nova's own ``service_*`` functions, behind what stands in their place.

They call one another by their names: ``service_update`` begins with
``service_get``, and changes the row that it returns. So a call of one of
nova's own reaches nova's own functions only, all the way down.
"""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import contextvars
import functools
from typing import Any

from nova.db.main import api as db

_inside = contextvars.ContextVar('_inside', default=False)


def get(name: str) -> Callable[..., Any]:
    """Return a function of nova's, not what we have put in its place."""
    there: Callable[..., Any] = getattr(db, name)
    novas: Callable[..., Any] | None = getattr(there, 'novas', None)
    if novas is None:
        # It was not taken over, or a test has put it there.
        return there

    @functools.wraps(novas)
    def own(*args: Any, **kwargs: Any) -> Any:
        with going_inside():
            return novas(*args, **kwargs)

    return own


def inside() -> bool:
    """Return whether it is one of nova's own that calls."""
    return _inside.get()


@contextlib.contextmanager
def going_inside() -> Iterator[None]:
    """Have the functions that are called meanwhile be nova's own."""
    token = _inside.set(True)
    try:
        yield
    finally:
        _inside.reset(token)
