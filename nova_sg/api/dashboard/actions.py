# SPDX-License-Identifier: Apache-2.0

"""What the page does to a service: ``POST /dashboard/actions/...``."""

from collections.abc import Mapping
import dataclasses
from typing import Any

import webob

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg.api import validation
from nova_sg.api.dashboard import board as sg_board
from nova_sg.api.schemas import common

_HOST = {'type': 'string', 'minLength': 1, 'maxLength': 255}

#: Every action names the host that was confirmed, and a service there.
_WHICH: Mapping[str, Any] = {
    'host': _HOST,
    'uuid': {
        'type': 'string',
        'pattern': '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$',
    },
}

_HOST_QUERY = validation.Validator(
    {
        **common.query(strict=True, name=common.once(_HOST)),
        'required': ['name'],
    }
)


@dataclasses.dataclass(frozen=True)
class Action:
    """What an action makes of a service.

    :param changes: as the body of ``PUT /os-services/{service_id}``
    :param takes_reason: it may bear a reason
    """

    changes: Mapping[str, Any]
    takes_reason: bool = False

    def __call__(
        self,
        board: sg_board.Board,
        context: sg_context.RequestContext,
        body: Any,
    ) -> str:
        """Act on the service that a body names, and return its host.

        :raises ValidationError: the body is not as it should be
        :raises ServiceNotFound: there is no such service on the host
        """
        validation.check_body(self._validator, body, relaxed=False)
        sg_board.check_confirmed(
            board.host(context, body['host']), body['uuid'], body['host']
        )
        changes = dict(self.changes)
        if body.get('reason'):
            changes['disabled_reason'] = body['reason']
        board.change(context, body['uuid'], changes)
        host: str = body['host']
        return host

    @property
    def _validator(self) -> Any:
        properties = dict(_WHICH)
        if self.takes_reason:
            properties['reason'] = {'type': 'string', 'maxLength': 255}
        return validation.Validator(
            common.closed(properties, optional=('reason',))
        )


ACTIONS: Mapping[str, Action] = {
    'enable': Action({'status': 'enabled'}),
    'disable': Action({'status': 'disabled'}, takes_reason=True),
    'force-down': Action({'forced_down': True}),
    'unset-force-down': Action({'forced_down': False}),
}


def body_of(request: webob.Request) -> Any:
    """Return what the body of a request holds.

    :raises InvalidContentType: it is no JSON; a form of another page never is
    :raises MalformedRequestBody: nor does it look like it
    """
    if request.content_type != 'application/json':
        raise exception.InvalidContentType(
            content_type=request.content_type[:80]
        )
    return validation.load_body(request)


def host_of(request: webob.Request) -> str:
    """Return the host that a query names.

    :raises ValidationError: it names none, or several, or something else
    """
    query = validation.load_query(request)
    validation.check_query(_HOST_QUERY, query)
    name: str = query['name'][0]
    return name
