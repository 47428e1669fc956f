# SPDX-License-Identifier: Apache-2.0

"""os-services: list the services, decide about one, delete one."""

from collections.abc import Callable
from typing import Any

from nova_sg import exception
from nova_sg import objects
from nova_sg.api import microversion
from nova_sg.api import operation
from nova_sg.api import service_view
from nova_sg.api import shown
from nova_sg.api import validation
from nova_sg.api.schemas import services as schemas
from nova_sg.inventory import base as inventory_base
from nova_sg.objects import rendering
from nova_sg.policies import services as policies

#: Up to here services are known by integers and by host and binary.
LAST_WITHOUT_UUID = '2.52'

#: A host to ask for where only an answer is wanted.
_NOBODY = '-'


@operation.serves(
    errors=(400, 403),
    conditional=True,
    query=schemas.INDEX_QUERY,
    response=schemas.INDEX_RESPONSE,
)
def index(call: operation.Call) -> Any:
    """List the services, with their status and state."""
    call.authorize(policies.LIST)
    # An empty parameter filters nothing, as in nova.
    host, binary = (call.asked(each) or None for each in ('host', 'binary'))
    if not all(shown.may_exist(each) for each in (host, binary) if each):
        # No service has such a name. But a backend that cannot be reached
        # must still be a 503.
        objects.ServiceGroupServiceList.get_by_host(call.context, _NOBODY)
        return {'services': []}
    render, form = service_view.rendering(call.version, host, binary)
    key = form if host is binary is None else None
    rendered = shown.rendered(call, render, key, host=host, binary=binary)
    return operation.Rendered('services', rendered)


@operation.serves(
    last=LAST_WITHOUT_UUID,
    errors=(400, 403, 404),
    path=schemas.ACT_PATH,
    body=schemas.ACT,
    response=schemas.ACT_RESPONSE,
)
def act(call: operation.Call) -> Any:
    """Enable, disable or force down a service of a host."""
    call.authorize(policies.UPDATE)
    actions = _ACTIONS.get(call.version)
    name = call.path['service_id']
    if name not in actions:
        raise exception.NotFound('Unknown action')
    changes = actions[name](call.body)
    host, binary = call.body['host'], call.body['binary']
    _check_binary(binary)
    service = objects.ServiceGroupService.get_by_args(
        call.context, host, binary
    )
    _change(service, changes)
    return {
        'service': {'host': host, 'binary': binary, **_change_shown(changes)}
    }


@operation.serves(
    first='2.53',
    errors=(400, 403, 404),
    path=schemas.PATH,
    body=schemas.UPDATE,
    response=schemas.UPDATE_RESPONSE,
)
def update(call: operation.Call) -> Any:
    """Enable, disable or force down a service."""
    uuid = validation.to_uuid(call.path['service_id'])
    call.authorize(policies.UPDATE)
    service = objects.ServiceGroupService.get_by_uuid(call.context, uuid)
    _check_binary(service.binary)
    changes = _changes(call.body)
    # Read before the change: nothing that is shown may fail after it.
    _ = service.availability_zone
    _change(service, changes)
    service.load_state()
    record = service_view.RECORDS.get(call.version)
    return {'service': record(rendering.of(service))}


@operation.serves(
    last=LAST_WITHOUT_UUID,
    status=204,
    errors=(400, 403, 404, 409),
    path=schemas.PATH,
)
def delete_by_id(call: operation.Call) -> None:
    """Delete a service by its integer id."""
    call.authorize(policies.DELETE)
    number = validation.to_id(call.path['service_id'])
    if number is None:
        raise exception.InvalidInput(reason='id must be an integer')
    if not number:
        raise exception.ServiceNotFound(service_id=call.path['service_id'])
    objects.ServiceGroupService.get_by_id(call.context, number).destroy()


@operation.serves(
    first='2.53',
    status=204,
    errors=(400, 403, 404, 409),
    path=schemas.PATH,
)
def delete(call: operation.Call) -> None:
    """Delete a service."""
    call.authorize(policies.DELETE)
    uuid = validation.to_uuid(call.path['service_id'])
    objects.ServiceGroupService.get_by_uuid(call.context, uuid).destroy()


def _enable(_body: Any) -> dict[str, Any]:
    return {'disabled': False, 'disabled_reason': None}


def _disable(_body: Any) -> dict[str, Any]:
    return {'disabled': True, 'disabled_reason': None}


def _disable_log_reason(body: Any) -> dict[str, Any]:
    if 'disabled_reason' not in body:
        raise exception.ValidationError(detail='Missing disabled reason field')
    return {'disabled': True, 'disabled_reason': body['disabled_reason']}


def _force_down(body: Any) -> dict[str, Any]:
    if 'forced_down' not in body:
        raise exception.ValidationError(detail='Missing forced_down field')
    return {'forced_down': validation.to_bool(body['forced_down'])}


_ACTIONS_V21: dict[str, Callable[[Any], dict[str, Any]]] = {
    'enable': _enable,
    'disable': _disable,
    'disable-log-reason': _disable_log_reason,
}
_ACTIONS = microversion.Versioned(
    {
        '2.1': _ACTIONS_V21,
        '2.11': {**_ACTIONS_V21, 'force-down': _force_down},
    }
)


def _changes(body: Any) -> dict[str, Any]:
    """Return the fields that the body of an update changes."""
    changes: dict[str, Any] = {}
    match body.get('status'):
        case 'enabled':
            if body.get('disabled_reason'):
                raise exception.ValidationError(
                    detail="Specifying 'disabled_reason' with status "
                    "'enabled' is invalid."
                )
            changes.update(_enable(body))
        case 'disabled':
            changes.update(_disable(body))
            changes['disabled_reason'] = body.get('disabled_reason')
    if 'forced_down' in body:
        changes.update(_force_down(body))
    if not changes:
        raise exception.ValidationError(
            detail="No updates were requested. Fields 'status' or "
            "'forced_down' should be specified."
        )
    return changes


def _change(service: Any, changes: dict[str, Any]) -> None:
    for name, value in changes.items():
        setattr(service, name, value)
    service.save()


def _change_shown(changes: dict[str, Any]) -> dict[str, Any]:
    """Return what the answer of an action repeats of it."""
    if 'forced_down' in changes:
        return changes
    again = {'status': 'disabled' if changes['disabled'] else 'enabled'}
    if changes['disabled_reason']:
        again['disabled_reason'] = changes['disabled_reason']
    return again


def _check_binary(binary: str) -> None:
    if binary != inventory_base.COMPUTE_BINARY:
        raise exception.ValidationError(
            detail=f'Updating a {binary} service is not supported. Only '
            f'{inventory_base.COMPUTE_BINARY} services can be updated.'
        )
