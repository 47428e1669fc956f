# SPDX-License-Identifier: Apache-2.0

"""What is asked for: lists of the REST API, and what a cloud does all day."""

from collections.abc import Callable
import functools
import importlib
from typing import Any

from benchmarks.nova_lists import filling

#: Paths of the REST API, and the microversions they are asked for with.
REQUESTS = {
    '/os-services': '2.69',
    '/os-hypervisors/detail': '2.87',
    '/os-availability-zone/detail': '2.69',
    '/os-hypervisors/statistics': '2.87',
}

#: The computes for 1,000 candidates of a boot, and a page of servers, each
#: with whether its host is up.
SCHEDULING, SERVERS = 'scheduling', 'servers with host_status'

NAMES = (*REQUESTS, SCHEDULING, SERVERS)

Work = Callable[[], None]


def make(application: Any, number: int, name: str) -> Work:
    """Return what is to be measured, by its name."""
    if name == SCHEDULING:
        return scheduling()
    if name == SERVERS:
        return servers()
    return functools.partial(ask, application, name, REQUESTS[name], number)


def ask(application: Any, path: str, version: str, number: int) -> None:
    """Send a request to the API."""
    webob = importlib.import_module('webob')
    request = webob.Request.blank(
        f'/v2.1{path}',
        headers={'OpenStack-API-Version': f'compute {version}'},
        environ={'REMOTE_ADDR': '127.0.0.1'},
    )
    response = request.get_response(application)
    if response.status_int != 200:
        raise RuntimeError(f'{path}: {response.status}: {response.text}')
    # Only what all answer is worth a comparison.
    if b'"count": %d,' % number in response.body:
        return
    if response.body.count(b'host-') < number:
        raise RuntimeError(f'{path}: fewer than {number} hosts')


def cell_and_context() -> tuple[Any, Any]:
    """Return the cell with the computes, and a context that leads there."""
    nova_context = importlib.import_module('nova.context')
    objects = importlib.import_module('nova.objects')
    context = nova_context.get_admin_context()
    (cell,) = (
        each
        for each in objects.CellMappingList.get_all(context)
        if not each.is_cell0()
    )
    nova_context.set_target_cell(context, cell)
    return cell, context


def scheduling() -> Work:
    """Return what a scheduler does with the services for a boot."""
    manager = importlib.import_module('nova.scheduler.host_manager')
    objects = importlib.import_module('nova.objects')
    group = importlib.import_module('nova.servicegroup').API()
    cell, context = cell_and_context()
    nodes = objects.ComputeNodeList.get_by_pagination(
        context, limit=filling.PAGE
    )
    uuids = [each.uuid for each in nodes]

    def call() -> None:
        found, services = manager.HostManager._get_computes_for_cells(
            None, context, [cell], uuids
        )
        up = sum(
            group.service_is_up(services[node.host])
            for node in found[cell.uuid]
        )
        if up != len(uuids):
            raise RuntimeError(f'{up} of {len(uuids)} candidates are up')

    return call


def servers() -> Work:
    """Return what the API does with the services for a page of servers."""
    objects = importlib.import_module('nova.objects')
    api = importlib.import_module('nova.compute.api').API()
    _, context = cell_and_context()

    def call() -> None:
        page = objects.InstanceList.get_by_filters(
            context, {'deleted': False}, expected_attrs=['services']
        )
        states = [api.get_instance_host_status(each) for each in page]
        if not states or set(states) != {'UP'}:
            raise RuntimeError(f'servers on hosts that are {set(states)}')

    return call
