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
