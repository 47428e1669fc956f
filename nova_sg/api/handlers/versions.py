# SPDX-License-Identifier: Apache-2.0

"""The documents that clients find the API by: they need no token."""

from typing import Any

import webob

from nova_sg.api import microversion
from nova_sg.api import operation
from nova_sg.api import validation
from nova_sg.api.schemas import versions as schemas

_DOCUMENTATION = {
    'rel': 'describedby',
    'type': 'text/html',
    'href': 'https://docs.openstack.org/',
}
_MEDIA_TYPE = 'application/vnd.openstack.compute+json;version='

#: By the path they are under; nova's own documents.
VERSIONS: dict[str, dict[str, Any]] = {
    'v2': {
        'id': 'v2.0',
        'status': 'DEPRECATED',
        'version': '',
        'min_version': '',
        'updated': '2025-07-04T12:00:00Z',
    },
    'v2.1': {
        'id': 'v2.1',
        'status': 'CURRENT',
        'version': str(microversion.MAX),
        'min_version': str(microversion.MIN),
        'updated': '2013-07-23T11:33:21Z',
    },
}


@operation.serves(response=schemas.SHOW_RESPONSE)
def show(call: operation.Call) -> Any:
    """Show the version of the API that is under this path."""
    path = 'v2' if call.legacy else 'v2.1'
    itself = {'rel': 'self', 'href': f'{call.request.application_url}/'}
    return {
        'version': {
            **VERSIONS[path],
            'links': [itself, _DOCUMENTATION],
            'media-types': _media_types(path),
        }
    }


def index(request: webob.Request) -> Any:
    """Return which versions there are, for the root of the service."""
    return {
        'versions': [
            {**version, 'links': [_link(request, path)]}
            for path, version in VERSIONS.items()
        ]
    }


def choices(request: webob.Request) -> Any:
    """Return where a path that names no version may lead.

    :raises InvalidInput: it is not UTF-8
    """
    rest = validation.path_of(request)
    return {
        'choices': [
            {
                'id': version['id'],
                'status': version['status'],
                'links': [_link(request, path, rest)],
                'media-types': _media_types(path),
            }
            for path, version in VERSIONS.items()
        ]
    }


def _link(
    request: webob.Request, path: str, rest: str = '/'
) -> dict[str, str]:
    return {'rel': 'self', 'href': f'{request.application_url}/{path}{rest}'}


def _media_types(path: str) -> list[dict[str, str]]:
    return [
        {
            'base': 'application/json',
            'type': f'{_MEDIA_TYPE}{path.removeprefix("v")}',
        }
    ]
