# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.


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
