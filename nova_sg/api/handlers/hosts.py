# SPDX-License-Identifier: Apache-2.0

"""os-hosts: the hosts, and what their hypervisors can be asked to do.

Gone from microversion 2.43 on.
"""

from typing import Any

from nova_sg import exception
from nova_sg import objects
from nova_sg import servicegroup
from nova_sg.api import operation
from nova_sg.api import shown
from nova_sg.api.schemas import hosts as schemas
from nova_sg.policies import hosts as policies

LAST = '2.42'


@operation.serves(
    last=LAST,
    errors=(400, 403),
    query=schemas.INDEX_QUERY,
    response=schemas.INDEX_RESPONSE,
)
def index(call: operation.Call) -> Any:
    """List the hosts that have an enabled service."""
    call.authorize(policies.LIST)
    zone = call.asked('zone')
    return {
        'hosts': [
            {
                'host_name': each.host,
                'service': each.topic,
                'zone': each.zone,
            }
            for each in shown.services(call, disabled=False)
            if shown.is_shown(each) and (not zone or each.zone == zone)
        ]
    }


@operation.serves(
    last=LAST,
    errors=(403, 404, 501),
    path=schemas.PATH,
    response=schemas.SHOW_RESPONSE,
)
def show(call: operation.Call) -> Any:
    """Show the resources of a host, in total and by project."""
    call.authorize(policies.SHOW)
    host = _existing_host(call)
    inventory = servicegroup.get().inventory
    if not inventory.compute_nodes(host):
        raise exception.ComputeHostNotFound(host=host)
    return {
        'host': [
            {
                'resource': {
                    'host': each.host,
                    'project': each.project,
                    'cpu': each.cpu,
                    'memory_mb': each.memory_mb,
                    'disk_gb': each.disk_gb,
                }
            }
            for each in inventory.describe(host)
        ]
    }


@operation.serves(
    last=LAST,
    errors=(400, 403, 404, 501),
    path=schemas.PATH,
    body=schemas.UPDATE,
    response=schemas.UPDATE_RESPONSE,
)
def update(call: operation.Call) -> Any:
    """Enable or disable a host, or put it into maintenance mode."""
    call.authorize(policies.UPDATE)
    host = _existing_host(call)
    hypervisor = servicegroup.get().inventory
    answer = {'host': host}
    if 'status' in call.body:
        answer['status'] = hypervisor.set_host_enabled(
            host, _is_enable(call.body['status'])
        )
    if 'maintenance_mode' in call.body:
        answer['maintenance_mode'] = hypervisor.set_host_maintenance(
            host, _is_enable(call.body['maintenance_mode'])
        )
    return answer


_serves_power = operation.serves(
    last=LAST,
    errors=(400, 403, 404, 501),
    path=schemas.PATH,
    response=schemas.POWER_RESPONSE,
)


@_serves_power
def startup(call: operation.Call) -> Any:
    """Start up a host."""
    return _power(call, policies.START, 'startup')


@_serves_power
def shutdown(call: operation.Call) -> Any:
    """Shut down a host."""
    return _power(call, policies.SHUTDOWN, 'shutdown')


@_serves_power
def reboot(call: operation.Call) -> Any:
    """Reboot a host."""
    return _power(call, policies.REBOOT, 'reboot')


def _power(call: operation.Call, rule: str, action: str) -> Any:
    call.authorize(rule)
    host = _existing_host(call)
    done = servicegroup.get().inventory.host_power_action(host, action)
    return {'host': host, 'power_action': done}


def _existing_host(call: operation.Call) -> str:
    """Return the host in the path.

    :raises ComputeHostNotFound: it has no compute service
    """
    host = call.path['host_name']
    if not shown.may_exist(host):
        raise exception.ComputeHostNotFound(host=host[:80])
    objects.ServiceGroupService.get_by_compute_host(call.context, host)
    return host


def _is_enable(switch: str) -> bool:
    return switch.lower() == 'enable'
