# SPDX-License-Identifier: Apache-2.0


"""A disable, and when another process sees it, as both sides do it.

Runs in this project's environment and in nova's.
"""

import time
from typing import Any

from benchmarks import child

#: Seconds between two looks. Without any, the thread that looks would keep
#: those which learn of the change from running.
PAUSE = 0.001


def operations(service: Any) -> child.Operations:
    """Return what a side does by the same calls as the other.

    :param service: the side's class of services
    """
    made = child.Operations()

    @made
    def disable(process: Any, uuid: str) -> child.Work:
        """Disable a service through its object, or enable it again."""
        changed = service.get_by_uuid(process.context, uuid)

        def work() -> child.Facts:
            began = time.monotonic()
            changed.disabled = not changed.disabled
            changed.save()
            return {'began': began, 'disabled': changed.disabled}

        return work

    @made
    def see(process: Any, uuid: str) -> child.Work:
        """Look until the service is what it was not before."""
        get = service.get_by_uuid
        seen = get(process.context, uuid).disabled

        def work() -> child.Facts:
            nonlocal seen
            while get(process.context, uuid).disabled == seen:
                time.sleep(PAUSE)
            seen = not seen
            return {'seen': time.monotonic(), 'disabled': seen}

        return work

    return made
