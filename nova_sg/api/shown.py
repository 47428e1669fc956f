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

"""Which services REST shows, and how it writes what it shows of them."""

from collections.abc import Iterator

from nova_sg import objects
from nova_sg.api import operation
from nova_sg.servicegroup import record

#: They report no liveness, so they would always look down.
API_BINARIES = frozenset({'nova-osapi_compute', 'nova-metadata'})


def services(
    call: operation.Call,
    *,
    disabled: bool | None = None,
    hidden: bool = False,
) -> Iterator[objects.ServiceView]:
    """Return services with their zones, by age.

    :param disabled: only those that are disabled, or enabled
    :param hidden: those that report no liveness, too
    """
    found = objects.list_services(
        call.context, disabled=disabled, set_zones=True
    )
    return (each for each in found if hidden or is_shown(each))


def is_shown(service: objects.ServiceView) -> bool:
    """Return whether a service reports its liveness."""
    return service.binary not in API_BINARIES


def may_exist(name: str) -> bool:
    """Return whether a record may bear a name; a backend may refuse others."""
    return len(name) <= record.MAX_LENGTH and name.isprintable()


def state(service: objects.ServiceView) -> str:
    return 'up' if service.is_up else 'down'


def status(service: objects.ServiceView) -> str:
    return 'disabled' if service.disabled else 'enabled'
