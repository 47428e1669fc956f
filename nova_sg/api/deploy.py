# SPDX-License-Identifier: Apache-2.0

"""The REST service as one WSGI application, put together."""

from collections.abc import Callable
from collections.abc import Iterable
from typing import Any

import orjson
from oslo_config import cfg
from oslo_middleware import cors
from oslo_middleware import http_proxy_to_wsgi
from oslo_middleware import request_id
from oslo_middleware import sizelimit
import webob

from nova_sg import conductor as sg_conductor
from nova_sg import context as sg_context
from nova_sg import metrics
from nova_sg import private
from nova_sg.api import auth
from nova_sg.api import faults
from nova_sg.api import handler
from nova_sg.api import health
from nova_sg.api import microversion
from nova_sg.api import monitoring
from nova_sg.api import openapi
from nova_sg.api.dashboard import application as dashboard
from nova_sg.api.dashboard import board as sg_board
from nova_sg.api.handlers import versions
from nova_sg.conf import values
from nova_sg.metrics import place as sg_place

WsgiApp = Callable[[dict[str, Any], Any], Iterable[bytes]]


def loadapp(
    conf: cfg.ConfigOpts, place: sg_place.Place | None = None
) -> WsgiApp:
    """Return the application of this process.

    Called in the process that serves: what it connects must not cross a
    fork.

    :param place: where it shares metrics with other workers; None without
    :raises InvalidConfiguration: naming the option that cannot be used
    :raises DeploymentMismatch: the backend belongs to another deployment
    """
    private.check('api')
    version_headers = [microversion.HEADER, microversion.LEGACY_HEADER]
    cors.set_defaults(
        allow_headers=[
            *('X-Auth-Token', 'If-None-Match'),
            *version_headers,
            *REQUEST_IDS,
        ],
        expose_headers=['ETag', *version_headers, *REQUEST_IDS],
        allow_methods=['GET', 'PUT', 'DELETE'],
    )
    shown = None
    if place is not None:
        shown = metrics.begin(conf, monitoring.PROGRAM, place)
    app = assemble(Mounts(conf, shown), conf, shown)
    sg_conductor.setup(conf).start_reading(sg_context.get_admin_context())
    return app


def assemble(
    app: WsgiApp,
    conf: cfg.ConfigOpts,
    shown: monitoring.Exposition | None,
) -> WsgiApp:
    """Put what every request meets before an application.

    :param app: knows the paths
    :param shown: the metrics of this program, where it has any
    """
    # From the inside out: each is put before all that stand above it.
    for middleware in (
        # A body that is too large is not read.
        sizelimit.RequestBodySizeLimiter,
        # What the one above answers has the format of the API, too.
        Faults,
        # Every answer bears a request id, those to errors above all.
        RequestId,
        # What a proxy says of the request counts for all links.
        http_proxy_to_wsgi.HTTPProxyToWSGI,
        # A browser must be able to read errors as well.
        cors.CORS,
    ):
        app = middleware(app, conf)
    if shown is not None:
        # It sees all answers, and what each request takes.
        app = monitoring.Measured(app)
    # The probes and a scrape have a port of their own.
    app = monitoring.OwnPort(app, conf, shown)
    # The libraries registered options of their own.
    values.check(conf)
    return app


#: nova's clients read the second one.
REQUEST_IDS = (request_id.HTTP_RESP_HEADER_REQUEST_ID, 'x-compute-request-id')


class RequestId(request_id.RequestId):
    """Answers with nova's name of the header, too."""

    compat_headers = list(REQUEST_IDS[1:])


class Faults:
    """Gives errors of the layers below the format of the API."""

    def __init__(self, application: WsgiApp, _conf: cfg.ConfigOpts) -> None:
        self._application = application

    def __call__(
        self, environ: dict[str, Any], start_response: Any
    ) -> Iterable[bytes]:
        request = webob.Request(environ)
        try:
            response = request.get_response(self._application)
        except Exception as error:
            response = faults.of(error, environ)
        if response.status_int >= 400 and response.content_type in (
            'text/html',
            'text/plain',
        ):
            code = response.status_int
            response = faults.fault(
                code, faults.MESSAGES.get(code) or _text(response)
            )
        answer: Iterable[bytes] = response(environ, start_response)
        return answer


class Paths:
    """Which application a path leads to, of those that any process has.

    :param shown: the metrics of this program, where it has any
    :param board: where the page finds services; None for those of this
        package
    """

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        shown: monitoring.Exposition | None = None,
        board: sg_board.Board | None = None,
    ) -> None:
        self._exact: dict[str, WsgiApp] = {
            health.PATH: health.Health(conf, with_backend=False),
            health.BACKEND_PATH: health.Health(conf, with_backend=True),
        }
        if shown is not None:
            self._exact[monitoring.PATH] = auth.protect(
                monitoring.ForUsers(conf, shown), conf
            )
        self._dashboard: WsgiApp | None = None
        if conf.dashboard.enabled:
            self._dashboard = dashboard.Dashboard(conf, board)

    def __call__(
        self, environ: dict[str, Any], start_response: Any
    ) -> Iterable[bytes]:
        # Each line of the log shows the id of its request, also before the
        # request is authenticated. Else a thread would show the last one's.
        sg_context.RequestContext(
            request_id=environ.get(request_id.ENV_REQUEST_ID), overwrite=True
        )
        path = environ.get('PATH_INFO') or '/'
        found = self._exact.get(path)
        if found is not None:
            environ[handler.ROUTE] = path
            return found(environ, start_response)
        if self._dashboard is not None and dashboard.is_under(path):
            return self._dashboard(environ, start_response)
        return self._others(path, environ, start_response)

    def _others(
        self, path: str, environ: dict[str, Any], start_response: Any
    ) -> Iterable[bytes]:
        """Answer a request for any other path."""
        response = faults.fault(404, faults.NOT_FOUND)
        answer: Iterable[bytes] = response(environ, start_response)
        return answer


class Mounts(Paths):
    """Those, and the compute API.

    :param shown: the metrics of this program, where it has any
    """

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        shown: monitoring.Exposition | None = None,
    ) -> None:
        super().__init__(conf, shown)
        api = handler.Application(conf)
        self._open = api
        self._protected = auth.protect(api, conf)
        self._exact['/'] = _document(versions.index, 200)
        self._exact['/openapi.json'] = _document(openapi.document, 200)
        self._elsewhere = _document(versions.choices, 300)

    def _others(
        self, path: str, environ: dict[str, Any], start_response: Any
    ) -> Iterable[bytes]:
        for version in versions.VERSIONS:
            prefix = f'/{version}'
            if path == prefix or path.startswith(f'{prefix}/'):
                return self._versioned(prefix, environ, start_response)
        return self._elsewhere(environ, start_response)

    def _versioned(
        self, prefix: str, environ: dict[str, Any], start_response: Any
    ) -> Iterable[bytes]:
        """Hand a request on to the API, as mounted under a prefix."""
        environ['SCRIPT_NAME'] = environ.get('SCRIPT_NAME', '') + prefix
        environ['PATH_INFO'] = environ['PATH_INFO'][len(prefix) :]
        if prefix == '/v2':
            environ[handler.LEGACY] = True
        # A client without a token must be able to find out what is here.
        is_document = environ['PATH_INFO'] in ('', '/')
        app = self._open if is_document else self._protected
        answer: Iterable[bytes] = app(environ, start_response)
        return answer


def _document(make: Callable[[webob.Request], Any], status: int) -> WsgiApp:
    """Return an application that answers GET with a document."""

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = webob.Request(environ)
        if request.method in ('GET', 'HEAD'):
            try:
                response = webob.Response(
                    body=orjson.dumps(make(request)),
                    status=status,
                    content_type='application/json',
                )
            except Exception as error:
                response = faults.of(error, environ)
        else:
            response = faults.fault(405, 'Only GET is allowed here.')
            response.allow = ['GET']
        answer: Iterable[bytes] = response(environ, start_response)
        return answer

    return app


def _text(response: webob.Response) -> str:
    """Return what an answer of a library says, in one line."""
    lines = [
        line.strip()
        for line in response.text.splitlines()
        if line.strip() and not line.startswith(('<', f'{response.status}'))
    ]
    return ' '.join(lines)[:300] or response.status
