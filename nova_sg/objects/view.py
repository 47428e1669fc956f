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

"""Services as a list shows them, without an object for each.

A reader of ten thousand services wants eleven fields of each, once. Where
the servicegroup API is in this process they come straight from its records;
where it is behind the conductor, from the objects that came over the wire.
"""

from collections.abc import Iterator
from collections.abc import Mapping
import datetime
from typing import Any
from typing import NamedTuple
from typing import Self

from nova_sg import context as sg_context
from nova_sg import servicegroup
from nova_sg.objects import behaviour
from nova_sg.objects import service as service_objects
from nova_sg.servicegroup import liveness as sg_liveness
from nova_sg.servicegroup import member
from nova_sg.servicegroup import record as sg_record

GONE = sg_liveness.Liveness(up=False, last_seen=None, known_at=0.0)


class ServiceView(NamedTuple):
    """What is shown of a service.

    :param zone: its availability zone; None where it was not asked for
    :param updated_at: its last beat or change, whichever is newer
    """

    id: int
    uuid: str
    host: str | None
    binary: str | None
    topic: str | None
    zone: str | None
    disabled: bool
    disabled_reason: str | None
    forced_down: bool
    is_up: bool
    updated_at: datetime.datetime | None

    @classmethod
    def of(cls, service: Any, *, set_zone: bool = True) -> Self:
        """Return the view of an object; what it lacks is loaded.

        :param set_zone: fill ``zone`` too
        """
        # Whether it is up comes first: with the answer comes the last beat.
        is_up = service.is_up
        return cls(
            service.id,
            service.uuid,
            service.host,
            service.binary,
            service.topic,
            service.availability_zone if set_zone else None,
            service.disabled,
            service.disabled_reason,
            service.forced_down,
            is_up,
            _updated_at(service),
        )


def list_services(
    context: sg_context.RequestContext,
    *,
    host: str | None = None,
    binary: str | None = None,
    disabled: bool | None = None,
    set_zones: bool = False,
) -> list[ServiceView]:
    """Return services by age, in a constant number of calls.

    :param host: only those on this host
    :param binary: only those of this binary
    :param disabled: only those that are disabled, or enabled
    :param set_zones: fill ``zone`` too
    :raises ServiceGroupUnavailable: they cannot be read, or nothing is known
        of the liveness of one of them
    """
    filters: dict[str, Any] = {
        'host': host,
        'binary': binary,
        'disabled': disabled,
    }
    if service_objects.ServiceGroupServiceList.indirection_api is not None:
        return list(_remote(context, filters, set_zones))
    api = servicegroup.get()
    with behaviour.collector_paused():
        records, alive = api.list(context, **filters)
        zones = api.inventory.zones() if set_zones and records else {}
        zone_of = api.inventory.zone
        return [
            _of_record(
                each,
                # Without a verdict it has just gone.
                alive.get(each.uuid) or GONE,
                zone_of(each.host, each.topic, zones) if set_zones else None,
            )
            for each in records
        ]


def _of_record(
    record: sg_record.Record,
    liveness: sg_liveness.Liveness,
    zone: str | None,
) -> ServiceView:
    return ServiceView(
        record.id,
        record.uuid,
        record.host,
        record.binary,
        record.topic,
        zone,
        record.disabled,
        record.disabled_reason,
        record.forced_down,
        liveness.up and not record.forced_down,
        member.latest(
            record.created_at,
            record.updated_at,
            record.last_seen_up
            if liveness.last_seen is None
            else liveness.last_seen,
        ),
    )


def _remote(
    context: sg_context.RequestContext,
    filters: Mapping[str, Any],
    set_zones: bool,
) -> Iterator[ServiceView]:
    """Read objects by the narrowest getter, and filter what it left."""
    services = service_objects.ServiceGroupServiceList
    if filters['host'] is not None:
        found = services.get_by_host(context, filters['host'], set_zones)
    elif filters['binary'] is not None:
        found = services.get_by_binary(
            context, filters['binary'], True, set_zones
        )
    else:
        found = services.get_all(context, filters['disabled'], set_zones)
    wanted = {k: v for k, v in filters.items() if v is not None}
    for each in found:
        if all(getattr(each, k) == v for k, v in wanted.items()):
            yield ServiceView.of(each, set_zone=set_zones)


def _updated_at(service: Any) -> datetime.datetime | None:
    if service.indirection_api is None:
        return servicegroup.get().get_updated_time(service)
    return member.latest(
        service.created_at, service.updated_at, service.last_seen_up
    )


def time_text(moment: datetime.datetime | None) -> str | None:
    """Return a time, aware and in UTC, as nova's REST API writes it."""
    if moment is None:
        return None
    # Without the offset, which nova does not write.
    return moment.isoformat(timespec='microseconds')[:26]
