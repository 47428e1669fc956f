# SPDX-License-Identifier: Apache-2.0

"""os-services."""

from typing import Any

from nova_sg.api import microversion
from nova_sg.api.schemas import common

_ACTIONS_V21 = ['enable', 'disable', 'disable-log-reason']

#: What stands in the path: the name of an action, or an id.
ACT_PATH = microversion.Versioned(
    {
        '2.1': {'service_id': {'enum': _ACTIONS_V21}},
        '2.11': {'service_id': {'enum': [*_ACTIONS_V21, 'force-down']}},
    }
)
PATH = microversion.Versioned(
    {'2.1': {'service_id': common.ID}, '2.53': {'service_id': common.UUID}}
)

_REASON = {'type': 'string', 'minLength': 1, 'maxLength': 255}

_FILTERS: dict[str, Any] = {
    'host': common.many(common.STRING),
    'binary': common.many(common.STRING),
}

INDEX_QUERY = microversion.Versioned(
    {
        '2.1': common.query(**_FILTERS),
        '2.75': common.query(strict=True, **_FILTERS),
    }
)

_SERVICE = {
    'id': common.INTEGER,
    'binary': common.STRING,
    'host': common.STRING,
    'zone': common.STRING,
    'status': common.STATUS,
    'state': common.STATE,
    'updated_at': common.TIME_OR_NULL,
    'disabled_reason': common.STRING_OR_NULL,
}
_SERVICE_V211 = {**_SERVICE, 'forced_down': common.BOOLEAN}
_SERVICE_V253 = {**_SERVICE_V211, 'id': common.UUID}

#: A service with an unknown state.
_UNKNOWN = {
    'binary': common.STRING,
    'host': common.STRING,
    'status': {'const': 'UNKNOWN'},
}

INDEX_RESPONSE = microversion.Versioned(
    {
        '2.1': common.listing('services', common.closed(_SERVICE)),
        '2.11': common.listing('services', common.closed(_SERVICE_V211)),
        '2.53': common.listing('services', common.closed(_SERVICE_V253)),
        '2.69': common.listing(
            'services',
            {
                'oneOf': [
                    common.closed(_SERVICE_V253),
                    common.closed(_UNKNOWN),
                ]
            },
        ),
    }
)

_ACT: dict[str, Any] = {
    'type': 'object',
    'properties': {
        'host': common.HOST,
        'binary': {'type': 'string', 'minLength': 1, 'maxLength': 255},
        'disabled_reason': _REASON,
    },
    'required': ['host', 'binary'],
    'additionalProperties': False,
}

#: The body of the actions before 2.53, whatever the action is.
ACT = microversion.Versioned(
    {
        '2.1': _ACT,
        '2.11': {
            **_ACT,
            'properties': {**_ACT['properties'], 'forced_down': common.FLAG},
        },
    }
)

ACT_RESPONSE = microversion.always(
    common.closed(
        {
            'service': common.closed(
                {
                    'host': common.STRING,
                    'binary': common.STRING,
                    'status': common.STATUS,
                    'disabled_reason': common.STRING,
                    'forced_down': common.BOOLEAN,
                },
                optional=('status', 'disabled_reason', 'forced_down'),
            )
        }
    )
)

UPDATE = microversion.Versioned(
    {
        '2.53': {
            'type': 'object',
            'properties': {
                'status': {'type': 'string', **common.STATUS},
                'disabled_reason': _REASON,
                'forced_down': common.FLAG,
            },
            'additionalProperties': False,
        }
    }
)

UPDATE_RESPONSE = microversion.Versioned(
    {
        '2.53': common.closed(
            {
                'service': common.closed(
                    {**_SERVICE_V253, 'state': common.STATE_OR_UNKNOWN}
                )
            }
        )
    }
)
