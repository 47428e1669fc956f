# SPDX-License-Identifier: Apache-2.0

"""os-aggregates, as far as it is served."""

from nova_sg.api import microversion
from nova_sg.api.schemas import common

QUERY = common.NO_QUERY

PATH = microversion.always({'aggregate_id': common.ID})

_AGGREGATE = {
    'id': common.INTEGER,
    'name': common.STRING,
    'availability_zone': common.STRING_OR_NULL,
    'hosts': {'type': 'array', 'items': common.STRING},
    'metadata': {
        'type': 'object',
        'properties': {},
        'additionalProperties': common.STRING,
    },
    'created_at': common.TIME,
    'updated_at': common.TIME_OR_NULL,
    'deleted': common.BOOLEAN,
    'deleted_at': common.TIME_OR_NULL,
}
_V21 = common.closed(_AGGREGATE)
_V241 = common.closed({**_AGGREGATE, 'uuid': common.UUID})

INDEX_RESPONSE = microversion.Versioned(
    {
        '2.1': common.listing('aggregates', _V21),
        '2.41': common.listing('aggregates', _V241),
    }
)
SHOW_RESPONSE = microversion.Versioned(
    {
        '2.1': common.closed({'aggregate': _V21}),
        '2.41': common.closed({'aggregate': _V241}),
    }
)
