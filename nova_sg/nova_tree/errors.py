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

"""Our errors as nova knows them.

nova catches its own, and lets only its own cross its RPC as what they are.
"""

from collections.abc import Iterator
import contextlib

from nova import exception as nova_exception

from nova_sg import exception

#: Errors of ours which nova has by the same name, with the same arguments.
SHARED = (
    exception.ComputeHostNotFound,
    exception.HostBinaryNotFound,
    exception.InvalidInput,
    exception.ObjectActionError,
    exception.ServiceBinaryExists,
    exception.ServiceNotFound,
    exception.ServiceTooOld,
    exception.ServiceTopicExists,
)


@contextlib.contextmanager
def as_novas() -> Iterator[None]:
    """Raise what nova would have raised for the same reason."""
    try:
        yield
    except SHARED as error:
        theirs = getattr(nova_exception, type(error).__name__)
        raise theirs(**error.kwargs) from error
