# SPDX-License-Identifier: Apache-2.0

"""From a request to its operation, and from what that returns to an answer.

The table below is the API: what is not in it is not there.
"""

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import hashlib
from typing import Any

from microversion_parse import Version
import orjson
from oslo_config import cfg
import routes
import webob
import webob.exc

from nova_sg import exception
from nova_sg.api import auth
from nova_sg.api import faults
from nova_sg.api import microversion
from nova_sg.api import operation
from nova_sg.api import policy
from nova_sg.api import validation
from nova_sg.api.handlers import aggregates
from nova_sg.api.handlers import availability_zone
from nova_sg.api.handlers import hosts
from nova_sg.api.handlers import hypervisors
from nova_sg.api.handlers import services
from nova_sg.api.handlers import versions
from nova_sg.servicegroup import collector

#: By path and method: the operations, each for the versions it serves. Of
#: two paths that match, the first one counts.
ROUTES: Mapping[str, Mapping[str, Sequence[operation.Operation]]] = {
    '/': {'GET': [versions.show]},
    '/os-services': {'GET': [services.index]},
    '/os-services/{service_id}': {
        'PUT': [services.act, services.update],
        'DELETE': [services.delete_by_id, services.delete],
    },
    '/os-hosts': {'GET': [hosts.index]},
    '/os-hosts/{host_name}': {'GET': [hosts.show], 'PUT': [hosts.update]},
    '/os-hosts/{host_name}/startup': {'GET': [hosts.startup]},
    '/os-hosts/{host_name}/shutdown': {'GET': [hosts.shutdown]},
    '/os-hosts/{host_name}/reboot': {'GET': [hosts.reboot]},
    '/os-hypervisors': {'GET': [hypervisors.index]},
    '/os-hypervisors/detail': {'GET': [hypervisors.detail]},
    '/os-hypervisors/statistics': {'GET': [hypervisors.statistics]},
    '/os-hypervisors/{hypervisor_id}': {'GET': [hypervisors.show]},
    '/os-hypervisors/{hypervisor_id}/uptime': {'GET': [hypervisors.uptime]},
    '/os-hypervisors/{hostname_pattern}/search': {'GET': [hypervisors.search]},
    '/os-hypervisors/{hostname_pattern}/servers': {
        'GET': [hypervisors.servers]
    },
    '/os-availability-zone': {'GET': [availability_zone.index]},
    '/os-availability-zone/detail': {'GET': [availability_zone.detail]},
    '/os-aggregates': {'GET': [aggregates.index]},
    '/os-aggregates/{aggregate_id}': {'GET': [aggregates.show]},
}

#: Old clients put the project into the path; nova's rule tells it apart.
PROJECT = '/{project_id:[0-9a-f-]+}'

CONTENT_TYPES = ('application/json', 'application/vnd.openstack.compute+json')

#: Where the template of the path of a request is noted, for metrics.
ROUTE = 'nova_sg.route'

#: Set for what came under ``/v2``, which knows no microversions.
LEGACY = 'nova_sg.legacy_v2'


def find(
    operations: Iterable[operation.Operation], version: Version
) -> operation.Operation | None:
    """Return the operation that serves a version, None where none does."""
    return next((each for each in operations if each.serves(version)), None)


def make_mapper() -> routes.Mapper:
    """Return the table above, with and without a project, for look-ups."""
    mapper = routes.Mapper()
    for path in ROUTES:
        for prefix in ('', PROJECT):
            mapper.connect(
                (prefix + path).rstrip('/') or '/', action=path, controller='_'
            )
    mapper.create_regs()
    return mapper


class Application:
    """The operations under ``/v2.1``, and under ``/v2``."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self._conf = conf
        self._enforcer = policy.Enforcer(conf)
        self._mapper = make_mapper()

    def __call__(
        self, environ: dict[str, Any], start_response: Any
    ) -> Iterable[bytes]:
        request = webob.Request(environ)
        legacy = LEGACY in environ
        version = microversion.MIN if legacy else None
        try:
            if version is None:
                version = microversion.negotiate(request.headers)
            response = self._respond(request, version)
        except Exception as error:
            response = faults.of(error, environ)
        if version is not None and not legacy:
            microversion.add_headers(response, version)
        answer: Iterable[bytes] = response(environ, start_response)
        return answer

    def _respond(
        self, request: webob.Request, version: Version
    ) -> webob.Response:
        operations, path = self._match(request)
        body = _body(request)
        context = request.environ.get(auth.CONTEXT)
        _check_project(path.pop('project_id', None), context)
        found = find(operations, version)
        if found is None:
            raise webob.exc.HTTPNotFound(faults.NOT_FOUND)
        call = operation.Call(
            request=request,
            conf=self._conf,
            enforcer=self._enforcer,
            context=context,
            version=version,
            path=path,
            query=validation.load_query(request),
            body=body,
            legacy=LEGACY in request.environ,
        )
        # A list is many small things at once, and none of them a cycle.
        with collector.paused():
            shown = found(call)
            if shown is None:
                return webob.Response(status=found.status, content_type=None)
            if isinstance(shown, operation.Rendered):
                return _rendered(shown, found.status, call)
            return webob.Response(
                body=orjson.dumps(shown),
                status=found.status,
                content_type=_accepted(request),
            )

    def _match(
        self, request: webob.Request
    ) -> tuple[Sequence[operation.Operation], dict[str, str]]:
        """Return the operations of a path and method, and its parameters."""
        url = validation.path_of(request)
        matched = self._mapper.match(url or '/')
        if not matched:
            raise webob.exc.HTTPNotFound(faults.NOT_FOUND)
        del matched['controller']
        route = request.environ[ROUTE] = matched.pop('action')
        methods = ROUTES[route]
        if request.method not in methods:
            allow = ', '.join(sorted(methods))
            raise webob.exc.HTTPMethodNotAllowed(
                f'{request.method[:20]} is not allowed here, only: {allow}.',
                headers={'Allow': allow},
            )
        return methods[request.method], matched


def _body(request: webob.Request) -> Any:
    """Return what the body of a request holds, None without one."""
    content_type = request.content_type
    if content_type not in ('', 'text/plain', *CONTENT_TYPES):
        raise exception.InvalidContentType(content_type=content_type[:80])
    if request.method not in ('POST', 'PUT'):
        return None
    if not validation.read_body(request):
        return None
    return validation.load_body(request)


def _rendered(
    shown: operation.Rendered, status: int, call: operation.Call
) -> webob.Response:
    """Return an answer whose body is rendered, or 304 for the same again."""
    content_type = _accepted(call.request)
    response = webob.Response(status=status, content_type=content_type)
    if shown.tag is not None:
        answer = f'{shown.tag} {call.version} {content_type}'
        etag = hashlib.blake2b(answer.encode(), digest_size=16).hexdigest()
        response.etag = etag
        # Whoever keeps it has to ask, and for each user anew.
        response.headers['Cache-Control'] = 'private, no-cache'
        if etag in call.request.if_none_match:
            response.status = 304
            response.content_type = None
            return response
    body = shown.body()
    response.app_iter = body
    response.content_length = sum(map(len, body))
    return response


def _accepted(request: webob.Request) -> str:
    accept = request.environ.get('HTTP_ACCEPT')
    if accept in (None, '*/*', CONTENT_TYPES[0]):
        return CONTENT_TYPES[0]
    matches = request.accept.acceptable_offers(CONTENT_TYPES)
    return matches[0][0] if matches else CONTENT_TYPES[0]


def _check_project(project: str | None, context: Any) -> None:
    """Refuse a project in the path that is not the caller's."""
    if project is None or context is None or project == context.project_id:
        return
    raise exception.InvalidInput(
        reason=f'the project {project[:80]} in the path is not that of the '
        f'token, {context.project_id}'
    )
