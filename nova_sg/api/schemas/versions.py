# SPDX-License-Identifier: Apache-2.0

"""The documents that say which versions are served."""

from nova_sg.api import microversion
from nova_sg.api.schemas import common

_LINKS = {
    'type': 'array',
    'items': common.closed(
        {'rel': common.STRING, 'href': common.STRING, 'type': common.STRING},
        optional=('type',),
    ),
}
_MEDIA_TYPES = {
    'type': 'array',
    'items': common.closed({'base': common.STRING, 'type': common.STRING}),
}
_VERSION = {
    'id': common.STRING,
    'status': {'enum': ['CURRENT', 'SUPPORTED', 'DEPRECATED']},
    'version': common.STRING,
    'min_version': common.STRING,
    'updated': common.STRING,
    'links': _LINKS,
    'media-types': _MEDIA_TYPES,
}

SHOW_RESPONSE = microversion.always(
    common.closed({'version': common.closed(_VERSION)})
)
