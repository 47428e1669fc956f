# SPDX-License-Identifier: Apache-2.0

"""What several resources are made of."""

from collections.abc import Mapping
from typing import Any

from nova_sg.api import microversion

Schema = Mapping[str, Any]

STRING = {'type': 'string'}
STRING_OR_NULL = {'type': ['string', 'null']}
INTEGER = {'type': 'integer'}
INTEGER_OR_NULL = {'type': ['integer', 'null']}
BOOLEAN = {'type': 'boolean'}
UUID = {'type': 'string', 'format': 'uuid'}

#: A naive time in UTC, to the microsecond.
TIME = {
    'type': 'string',
    'pattern': r'^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$',
}
TIME_OR_NULL = {**TIME, 'type': ['string', 'null']}

#: A flag; old clients send it as text.
FLAG = {
    'type': ['boolean', 'string'],
    'enum': [
        *(True, 'True', 'TRUE', 'true', '1', 'ON', 'On', 'on'),
        *('YES', 'Yes', 'yes'),
        *(False, 'False', 'FALSE', 'false', '0', 'OFF', 'Off', 'off'),
        *('NO', 'No', 'no'),
    ],
}

HOST = {
    'type': 'string',
    'pattern': '^[a-zA-Z0-9-._]*$',
    'minLength': 1,
    'maxLength': 255,
}

#: An integer id, as it stands in a path.
ID = {'type': 'string', 'pattern': '^[0-9]{1,10}$'}

STATE = {'enum': ['up', 'down']}
STATE_OR_UNKNOWN = {'enum': ['up', 'down', 'unknown']}
STATUS = {'enum': ['enabled', 'disabled']}

#: A non-negative number, as it stands in a query.
COUNT = {
    'type': 'string',
    'pattern': '^[0-9]+$',
    'minLength': 1,
    'maxLength': 18,
}


def closed(
    properties: Mapping[str, Any], *, optional: tuple[str, ...] = ()
) -> Schema:
    """Return the schema of an object with these keys and no others.

    :param optional: those which may be absent
    """
    return {
        'type': 'object',
        'properties': dict(properties),
        'required': sorted(set(properties) - set(optional)),
        'additionalProperties': False,
    }


def listing(key: str, items: Schema, **more: Any) -> Schema:
    """Return the schema of an answer that is a list under a key.

    :param more: further keys, which may be absent
    """
    return closed(
        {key: {'type': 'array', 'items': items}, **more}, optional=tuple(more)
    )


def query(*, strict: bool = False, **parameters: Schema) -> Schema:
    """Return the schema of a query: every value of each parameter.

    :param strict: refuse parameters that are not among these
    """
    return {
        'type': 'object',
        'properties': parameters,
        'additionalProperties': not strict,
    }


#: Of what takes no parameters.
NO_QUERY = microversion.Versioned(
    {'2.1': query(), '2.102': query(strict=True)}
)


def many(value: Schema) -> Schema:
    """Return the schema of a parameter that may be repeated."""
    return {'type': 'array', 'items': value}


def once(value: Schema) -> Schema:
    """Return the schema of a parameter that may not be repeated."""
    return {**many(value), 'maxItems': 1}
