# SPDX-License-Identifier: Apache-2.0

"""The description of the API (OpenAPI 3.1), made of its schemas.

A request that asks for a microversion gets the description of that one; any
other gets all of them, with every form that an answer has in some version.
"""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import re
from typing import Any

from microversion_parse import Version
import webob

from nova_sg.api import faults
from nova_sg.api import handler
from nova_sg.api import microversion
from nova_sg.api import operation

Json = dict[str, Any]

#: Where the operations are mounted.
PREFIX = '/v2.1'

#: Errors that any request may get: it is malformed, not authenticated, for an
#: unknown path, version or format, or too large; or no backend answers.
COMMON_ERRORS = (400, 401, 404, 406, 413, 415, 503)

FAULT = {
    'type': 'object',
    'minProperties': 1,
    'maxProperties': 1,
    'additionalProperties': {
        'type': 'object',
        'properties': {
            'code': {'type': 'integer'},
            'message': {'type': 'string'},
        },
        'required': ['code', 'message'],
    },
}


def document(request: webob.Request) -> Json:
    """Return the description that a request asks for.

    :raises InvalidAPIVersionString, InvalidGlobalAPIVersion: of no version
    """
    names = (microversion.HEADER, microversion.LEGACY_HEADER)
    if any(name in request.headers for name in names):
        return describe(microversion.negotiate(request.headers))
    return describe(None)


def describe(version: Version | None) -> Json:
    """Return the description of the API.

    :param version: of one microversion; None for all of them
    """
    return {
        'openapi': '3.1.0',
        'info': {
            'title': 'nova-sg: services, hosts, hypervisors and zones',
            'description': 'Four extensions of the OpenStack compute API.',
            'version': str(version or microversion.MAX),
        },
        'servers': [{'url': '/'}],
        'security': [{'token': []}],
        'paths': {
            PREFIX + path: described
            for path, methods in handler.ROUTES.items()
            if (described := dict(_methods(path, methods, version)))
        },
        'components': {
            'schemas': {'Fault': FAULT},
            'securitySchemes': {
                'token': {
                    'type': 'apiKey',
                    'in': 'header',
                    'name': 'X-Auth-Token',
                }
            },
        },
    }


def _methods(
    path: str,
    methods: Mapping[str, Sequence[operation.Operation]],
    version: Version | None,
) -> Iterator[tuple[str, Json]]:
    for method, operations in methods.items():
        served = [
            each
            for each in operations
            if version is None or each.serves(version)
        ]
        if served:
            yield method.lower(), _describe(path, served, version)


def _describe(
    path: str,
    operations: Sequence[operation.Operation],
    version: Version | None,
) -> Json:
    """Return the description of what one method of a path does."""
    first = operations[0]
    described: Json = {
        'operationId': '_'.join(
            [
                first.handle.__module__.rpartition('.')[2],
                first.handle.__name__,
            ]
        ),
        'summary': ' '.join(each.summary for each in operations),
        'parameters': [
            *_path_parameters(path, operations, version),
            *_query_parameters(operations, version),
            _version_parameter(operations, version),
        ],
        'responses': _responses(operations, version),
        'x-openstack': {
            'min-ver': str(min(each.first for each in operations)),
            'max-ver': str(max(each.last for each in operations)),
        },
    }
    if path == '/':
        described['security'] = []
    bodies = _schemas(operations, 'body', version)
    if bodies:
        described['requestBody'] = {
            'required': True,
            'content': _content(bodies),
        }
    return described


def _schemas(
    operations: Iterable[operation.Operation],
    name: str,
    version: Version | None,
) -> list[Any]:
    """Return the schemas of a kind, each once.

    :param name: ``path``, ``query``, ``body`` or ``response``
    :param version: in this version; None for all that are served
    """
    found: list[Any] = []
    for each in operations:
        versioned: operation.Schemas = getattr(each, name)
        if version is None:
            schemas = versioned.within(each.first, each.last)
        else:
            schemas = [s for s in [versioned.at(version)] if s is not None]
        found += [schema for schema in schemas if schema not in found]
    return found


def _any_of(schemas: Sequence[Any]) -> Any:
    return schemas[0] if len(schemas) == 1 else {'anyOf': list(schemas)}


def _content(schemas: Sequence[Any]) -> Json:
    return {'application/json': {'schema': _any_of(schemas)}}


def _path_parameters(
    path: str,
    operations: Iterable[operation.Operation],
    version: Version | None,
) -> Iterator[Json]:
    known = _schemas(operations, 'path', version)
    for name in re.findall(r'{(\w+)}', path):
        yield {
            'name': name,
            'in': 'path',
            'required': True,
            'schema': _any_of(
                [each[name] for each in known]
                or [{'type': 'string', 'minLength': 1}]
            ),
        }


def _query_parameters(
    operations: Iterable[operation.Operation], version: Version | None
) -> Iterator[Json]:
    parameters: dict[str, list[Any]] = {}
    for query in _schemas(operations, 'query', version):
        for name, schema in query['properties'].items():
            # One value of it stands there as it is.
            once = schema['items'] if 'maxItems' in schema else schema
            forms = parameters.setdefault(name, [])
            if once not in forms:
                forms.append(once)
    for name, forms in parameters.items():
        yield {'name': name, 'in': 'query', 'schema': _any_of(forms)}


def _version_parameter(
    operations: Iterable[operation.Operation], version: Version | None
) -> Json:
    served = [
        text
        for text in (microversion.CHANGES if version is None else [version])
        if any(
            each.serves(microversion.parse(str(text))) for each in operations
        )
    ]
    return {
        'name': microversion.HEADER,
        'in': 'header',
        'description': 'The microversion; without it, 2.1.',
        'schema': {
            'enum': [f'{microversion.SERVICE_TYPE} {each}' for each in served]
        },
    }


def _responses(
    operations: Sequence[operation.Operation], version: Version | None
) -> Json:
    success = operations[0].status
    answers = _schemas(operations, 'response', version)
    described: Json = {'description': operations[0].summary}
    if answers:
        described['content'] = _content(answers)
    codes = {code for each in operations for code in each.errors}
    unchanged = {'304': {'description': 'What If-None-Match names.'}}
    return {
        str(success): described,
        **(unchanged if any(each.conditional for each in operations) else {}),
        **{
            str(code): {
                'description': faults.NAMES.get(code, 'computeFault'),
                'content': {
                    'application/json': {
                        'schema': {'$ref': '#/components/schemas/Fault'}
                    }
                },
            }
            for code in sorted(codes.union(COMMON_ERRORS))
        },
    }
