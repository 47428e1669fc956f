# SPDX-License-Identifier: Apache-2.0


"""A disable, and when another process sees it, as both sides do it.

Runs in this project's environment and in nova's.
"""

from collections.abc import Callable
import time
from typing import Any

from benchmarks import child

#: Seconds between two looks. Without any, the thread that looks would keep
#: those which learn of the change from running.
PAUSE = 0.001


def disable(service: Any) -> child.Work:
    """Disable a service through its object, or enable it again."""

    def work() -> child.Facts:
        began = time.monotonic()
        service.disabled = not service.disabled
        service.save()
        return {'began': began, 'disabled': service.disabled}

    return work


def see(disabled: Callable[[], bool]) -> child.Work:
    """Look until the service is what it was not before.

    :param disabled: looks whether it is disabled
    """
    seen = disabled()

    def work() -> child.Facts:
        nonlocal seen
        while disabled() == seen:
            time.sleep(PAUSE)
        seen = not seen
        return {'seen': time.monotonic(), 'disabled': seen}

    return work
