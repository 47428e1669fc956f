# SPDX-License-Identifier: Apache-2.0

"""One service of which nobody can tell is not an unknown deployment.

::

    t=0  one of two memcached servers is away
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
- a service is disabled or enabled, and its compute told of it later.

A list in which nothing could be told is unavailable, as a whole.
"""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import contextvars
import dataclasses
import functools
from typing import Any

from nova.api.openstack.compute import availability_zone as nova_zones
from nova.api.openstack.compute import hypervisors as nova_hypervisors
from nova.api.openstack.compute import services as nova_services
from nova.compute import api as compute_api
from nova.objects import fields
from nova.scheduler.filters import compute_filter
from oslo_log import log as logging

from nova_sg import exception
from nova_sg.nova_tree import takeover

LOG = logging.getLogger(__name__)


@dataclasses.dataclass
class _Look:
    """A look at services that goes on where one of them is unknown.

    :param known: of how many services it could be told whether they are up
    :param error: why it could not be told of the latest that is unknown
    """

    known: int = 0
    error: exception.ServiceGroupUnavailable | None = None


_looking: contextvars.ContextVar[_Look | None] = contextvars.ContextVar(
    'nova_sg_unknown', default=None
)

#: Whether hypervisors are being listed.
_listing: contextvars.ContextVar[bool] = contextvars.ContextVar(
    'nova_sg_unknown_hypervisors', default=False
)

#: Hosts of which the scheduler has told that it leaves them out.
_told: set[str] = set()


def up(ask: Callable[[], bool]) -> bool:
    """Return whether a service is up.

    :param ask: asks for it
    :returns: False for an unknown one, where :func:`_not_up` allows that
    :raises ServiceGroupUnavailable: it is unknown
    """
    look = _looking.get()
    if look is None:
        return ask()
    try:
        found = ask()
    except exception.ServiceGroupUnavailable as error:
        look.error = error
        return False
    look.known += 1
    return found


@contextlib.contextmanager
def _not_up() -> Iterator[_Look]:
    """Take unknown services for not up, where that is only shown."""
    look = _Look()
    token = _looking.set(look)
    try:
        yield look
    finally:
        _looking.reset(token)


class UnknownServices(takeover.Takeover):
    """Where nova looks at the states of many services."""

    name = 'services whose state is unknown'

    def check(self) -> None:
        for owner, name, parameters in (
            (
                compute_filter.ComputeFilter,
                'host_passes',
                ('self', 'host_state', 'spec_obj'),
            ),
            (
                nova_services.ServiceController,
                '_get_service_detail',
                (
                    *('self', 'svc', 'additional_fields', 'req'),
                    'cell_down_support',
                ),
            ),
            (
                nova_services.ServiceController,
                '_get_services_list',
                ('self', 'req', 'additional_fields'),
            ),
            (
                nova_zones.AvailabilityZoneController,
                '_describe_availability_zones_verbose',
                ('self', 'context', 'kwargs'),
            ),
            (
                nova_hypervisors.HypervisorsController,
                '_view_hypervisor',
                (
                    *('self', 'hypervisor', 'service', 'detail', 'req'),
                    *('servers', 'with_servers'),
                ),
            ),
            (
                nova_hypervisors.HypervisorsController,
                '_get_hypervisors',
                ('self', 'req', 'detail', 'limit', 'marker', 'links'),
            ),
            (
                compute_api.API,
                'get_instance_host_status',
                ('self', 'instance'),
            ),
            (
                compute_api.HostAPI,
                '_update_compute_provider_status',
                ('self', 'context', 'service'),
            ),
        ):
            self.expect_function(owner, name, *parameters)

    def take(self, patches: takeover.Patches) -> None:
        for owner, name, ours in (
            (compute_filter.ComputeFilter, 'host_passes', _host_passes),
            (
                nova_services.ServiceController,
                '_get_service_detail',
                _service_detail,
            ),
            (
                nova_services.ServiceController,
                '_get_services_list',
                _services_list,
            ),
            (
                nova_zones.AvailabilityZoneController,
                '_describe_availability_zones_verbose',
                _zones,
            ),
            (
                nova_hypervisors.HypervisorsController,
                '_view_hypervisor',
                _hypervisor,
            ),
            (
                nova_hypervisors.HypervisorsController,
                '_get_hypervisors',
                _hypervisors,
            ),
            (compute_api.API, 'get_instance_host_status', _host_status),
            (
                compute_api.HostAPI,
                '_update_compute_provider_status',
                _provider_status,
            ),
        ):
            patches.set(owner, name, _around(getattr(owner, name), ours))


def _around(
    novas: Callable[..., Any], ours: Callable[..., Any]
) -> Callable[..., Any]:
    @functools.wraps(novas)
    def around(*args: Any, **kwargs: Any) -> Any:
        return ours(novas, *args, **kwargs)

    return around


# What stands in their place, with nova's own as the first argument.


def _host_passes(
    novas: Callable[..., bool], self: Any, host_state: Any, spec_obj: Any
) -> bool:
    host = host_state.host
    try:
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
    with _not_up() as look:
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
    with _not_up() as look:
        described = novas(*args, **kwargs)
    if look.error is not None and not look.known:
        raise look.error
    return described


def _hypervisor(novas: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    if not _listing.get():
        return novas(*args, **kwargs)
    with _not_up() as look:
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


def _host_status(novas: Callable[..., Any], self: Any, instance: Any) -> Any:
    try:
        return novas(self, instance)
    except exception.ServiceGroupUnavailable as error:
        LOG.debug('The state of a host is unknown: %s', error)
        return fields.HostStatus.UNKNOWN


def _provider_status(
    novas: Callable[..., Any], *args: Any, **kwargs: Any
) -> Any:
    # The change is committed. Nova tells a compute that is up, and says in
    # its log when that is made up for where it is not.
    with _not_up():
        return novas(*args, **kwargs)


def _left(shown: list[Any]) -> list[Any]:
    """Return a list without what is unknown.

    :raises ServiceGroupUnavailable: all of it is
    """
    left = [each for each in shown if not isinstance(each, _Unknown)]
    if shown and not left:
        raise shown[0].error
    return left
