# SPDX-License-Identifier: Apache-2.0

"""nova goes on while the states of some services are unknown.

::

    t=0  one of two memcached servers is unreachable
    t=1  a scheduler starts: of half of the computes it knows nothing yet
    t=2  a boot asks ComputeFilter for each of them

``service_is_up`` of an unknown service raises: an evacuation or a local
delete must take it neither for up nor for down. Where many services are
looked at, the others go on:

- the scheduler leaves the host out, with one warning;
- os-services shows what it shows of a cell that is down: ``UNKNOWN`` since
  2.69, and nothing before;
- os-hypervisors leaves it out, as it does in a cell that is down;
- os-availability-zone shows it as not available;
- ``host_status`` of a server is ``UNKNOWN``;
- a service is disabled or enabled, and its compute told of it later;
- the old search for hypervisors leaves it out;
- images are not cached there, as on a compute that is down;
- ironic's computes leave it the nodes that it has.

The periodic discovery of hosts fails, and is tried again in its next turn, as
where nova's database is unreachable.

A list in which nothing could be told is unavailable, as a whole.
"""

from collections.abc import Callable
from collections.abc import Iterator
import contextvars
from typing import Any

from nova import exception as nova_exception
from nova.api.openstack.compute import hypervisors as nova_hypervisors
from nova.api.openstack.compute import services as nova_services
from nova.compute import api as compute_api
from nova.conductor import manager as conductor_manager
from nova.objects import fields
from nova.scheduler.filters import compute_filter
from nova.virt import driver as virt_driver
from oslo_log import log as logging

from nova_sg import exception
from nova_sg.nova_tree import cells
from nova_sg.nova_tree import controllers
from nova_sg.nova_tree import looks
from nova_sg.nova_tree import takeover

LOG = logging.getLogger(__name__)


#: Whether hypervisors are being listed.
_listing: contextvars.ContextVar[bool] = contextvars.ContextVar(
    'nova_sg_unknown_hypervisors', default=False
)

#: Hosts of which the scheduler has told that it leaves them out.
_told: set[str] = set()


class UnknownServices(takeover.Takeover):
    """Where nova looks at the states of many services."""

    name = 'services whose state is unknown'

    def wrapped(self) -> Iterator[takeover.Wrapped]:
        yield takeover.Wrapped(
            compute_filter.ComputeFilter,
            'host_passes',
            ('self', 'host_state', 'spec_obj'),
            _host_passes,
        )
        controller = nova_services.ServiceController
        yield takeover.Wrapped(
            controller,
            '_get_service_detail',
            ('self', 'svc', 'additional_fields', 'req', 'cell_down_support'),
            _service_detail,
        )
        yield controllers.SERVICES(_services_list)
        yield controllers.ZONES(_zones)
        yield from self._of_hypervisors()
        yield takeover.Wrapped(
            compute_api.API,
            'get_instance_host_status',
            ('self', 'instance'),
            _host_status,
        )
        # The change is committed. nova tells a compute that is up, and logs
        # when one that is not will be told.
        yield takeover.Wrapped(
            compute_api.HostAPI,
            '_update_compute_provider_status',
            ('self', 'context', 'service'),
            _not_up,
        )
        yield takeover.Wrapped(
            conductor_manager.ComputeTaskManager,
            'cache_images',
            ('self', 'context', 'aggregate', 'image_ids'),
            _not_up,
        )
        yield takeover.Wrapped(
            virt_driver,
            'load_compute_driver',
            ('virtapi', 'compute_driver'),
            _load_compute_driver,
        )

    def _of_hypervisors(self) -> Iterator[takeover.Wrapped]:
        controller = nova_hypervisors.HypervisorsController
        yield takeover.Wrapped(
            controller,
            '_view_hypervisor',
            (
                *('self', 'hypervisor', 'service', 'detail', 'req'),
                *('servers', 'with_servers'),
            ),
            _hypervisor,
        )
        yield controllers.HYPERVISORS(_hypervisors)
        yield takeover.Wrapped(
            controller,
            '_get_compute_nodes_by_name_pattern',
            ('self', 'context', 'hostname_match'),
            _search,
        )


def _host_passes(
    novas: Callable[..., bool], self: Any, host_state: Any, spec_obj: Any
) -> bool:
    host = host_state.host
    try:
        # Its service is a dictionary, which leads to no cell.
        with cells.of_host(host_state.cell_uuid):
            passes = novas(self, host_state, spec_obj)
    except exception.ServiceGroupUnavailable as error:
        if host not in _told:
            _told.add(host)
            LOG.warning(
                'Host %(host)s gets no instances until it is known whether '
                'its nova-compute is up: %(error)s',
                {'host': host, 'error': error},
            )
        return False
    _told.discard(host)
    return passes


class _Unknown(dict[str, Any]):
    """Stands in a list for what is left out of it.

    :ivar error: why it is unknown
    """

    error: exception.ServiceGroupUnavailable


def _service_detail(
    novas: Callable[..., Any],
    self: Any,
    svc: Any,
    additional_fields: Any,
    req: Any,
    cell_down_support: bool = False,
) -> Any:
    with looks.not_up() as look:
        detail = novas(self, svc, additional_fields, req, cell_down_support)
    if look.error is None:
        return detail
    if cell_down_support:
        return {'binary': svc.binary, 'host': svc.host, 'status': 'UNKNOWN'}
    # The answer to a change that is committed takes it as it is.
    detail = _Unknown(detail)
    detail.error = look.error
    return detail


def _services_list(
    novas: Callable[..., Any], self: Any, req: Any, additional_fields: Any = ()
) -> Any:
    return _left(novas(self, req, additional_fields))


def _zones(novas: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    with looks.not_up() as look:
        described = novas(*args, **kwargs)
    if look.error is not None and not look.known:
        raise look.error
    return described


def _hypervisor(novas: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    if not _listing.get():
        return novas(*args, **kwargs)
    with looks.not_up() as look:
        shown = novas(*args, **kwargs)
    if look.error is None:
        return shown
    # A whole one: links to the next page are made of the last in the list.
    shown = _Unknown(shown)
    shown.error = look.error
    return shown


def _hypervisors(novas: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    token = _listing.set(True)
    try:
        listed = novas(*args, **kwargs)
    finally:
        _listing.reset(token)
    return {**listed, 'hypervisors': _left(listed['hypervisors'])}


def _search(
    novas: Callable[..., Any], self: Any, context: Any, hostname_match: str
) -> Any:
    """Leave hypervisors out of a search as it was before 2.53.

    It is in one piece with its look at each of them, unlike the lists.
    """
    nodes = novas(self, context, hostname_match)
    if _listing.get():
        return nodes
    left = []
    error = None
    for node in nodes:
        try:
            service = self.host_api.service_get_by_compute_host(
                context, node.host
            )
            self.servicegroup_api.service_is_up(service)
        except exception.ServiceGroupUnavailable as unavailable:
            error = unavailable
            continue
        except (
            nova_exception.NotFound,
            nova_exception.HostMappingNotFound,
        ):
            # Nova has an answer of its own to that. The second is no
            # NotFound to nova.
            pass
        left.append(node)
    if error is not None and not left:
        raise error
    return left


def _load_compute_driver(
    novas: Callable[..., Any], *args: Any, **kwargs: Any
) -> Any:
    driver = novas(*args, **kwargs)
    refresh = getattr(driver, '_refresh_hash_ring', None)
    if refresh is not None:
        driver._refresh_hash_ring = takeover.around(refresh, _hash_ring)
    return driver


def _hash_ring(novas: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    # Else its nodes would be another compute's, while it may live.
    with looks.presumed_up():
        return novas(*args, **kwargs)


def _host_status(novas: Callable[..., Any], self: Any, instance: Any) -> Any:
    try:
        return novas(self, instance)
    except exception.ServiceGroupUnavailable as error:
        LOG.debug('The state of a host is unknown: %s', error)
        return fields.HostStatus.UNKNOWN


def _not_up(novas: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    with looks.not_up():
        return novas(*args, **kwargs)


def _left(shown: list[Any]) -> list[Any]:
    """Return a list without what is unknown.

    :raises ServiceGroupUnavailable: all of it is
    """
    left = [each for each in shown if not isinstance(each, _Unknown)]
    if shown and not left:
        raise shown[0].error
    return left
