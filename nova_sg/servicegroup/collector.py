# SPDX-License-Identifier: Apache-2.0

"""The garbage collector, while thousands of services are read."""

from collections.abc import Iterator
import contextlib
import gc


@contextlib.contextmanager
def paused() -> Iterator[None]:
    """Keep the garbage collector from running while a list is built.

    It would look at all objects again and again, and free none of them:
    that doubles the time for ten thousand services.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
