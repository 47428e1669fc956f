# SPDX-License-Identifier: Apache-2.0

"""Metrics of nova-sg-api, on a port of their own and behind a policy."""

from collections.abc import Callable
from collections.abc import Iterable
import time
from typing import Any
from typing import Protocol

from oslo_config import cfg
import webob

from nova_sg import exception
from nova_sg import instruments
from nova_sg import metrics
from nova_sg.api import auth
from nova_sg.api import faults
from nova_sg.api import handler
from nova_sg.api import health
from nova_sg.api import policy
from nova_sg.policies import metrics as policies

PROGRAM = 'nova-sg-api'

PATH = metrics.PATH

#: A worker that answers is live; one that is stuck gunicorn replaces.
_LIVE = '/live'

#: The other probes of any program, and what they are on the port of the API.
_PROBES = {'/ready': health.PATH, '/backend': health.BACKEND_PATH}

#: Where gunicorn puts the socket of a request. A client cannot.
SOCKET = 'gunicorn.socket'

#: The methods that are told apart, and how the others are called.
_METHODS = ('GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'POST')
_OTHER = 'other'

WsgiApp = Callable[[dict[str, Any], Any], Iterable[bytes]]


class Exposition(Protocol):
    """What shows the metrics of this program."""

    def text(self) -> bytes: ...


class Measured:
    """Counts and measures requests, by the template of their path.

    A path itself is what a client makes up: it would be a time series each.
    """

    def __init__(self, application: WsgiApp) -> None:
        self._application = application

    def __call__(
        self, environ: dict[str, Any], start_response: Any
    ) -> Iterable[bytes]:
        began = time.perf_counter()
        code = 500

        def start(status: str, *more: Any) -> Any:
            nonlocal code
            code = int(status[:3])
            return start_response(status, *more)

        try:
            return self._application(environ, start)
        finally:
            method = environ['REQUEST_METHOD']
            instruments.current.rest_done(
                environ.get(handler.ROUTE, _OTHER),
                method if method in _METHODS else _OTHER,
                code,
                time.perf_counter() - began,
            )


class OwnPort:
    """Answers what comes in on the port of ``[monitoring]``, and only that.

    All workers listen there, beside the port of the API.

    :param application: answers everything else
    :param shown: the metrics of this program, where it has any
    """

    def __init__(
        self,
        application: WsgiApp,
        conf: cfg.ConfigOpts,
        shown: Exposition | None,
    ) -> None:
        self._application = application
        self._port = metrics.port(conf, PROGRAM)
        self._shown = shown if conf.monitoring.metrics else None

    def __call__(
        self, environ: dict[str, Any], start_response: Any
    ) -> Iterable[bytes]:
        if self._port is None or self._port != _port(environ):
            return self._application(environ, start_response)
        path = environ.get('PATH_INFO')
        if path in _PROBES:
            inside = {**environ, 'PATH_INFO': _PROBES[path]}
            return self._application(inside, start_response)
        if path == PATH and self._shown is not None:
            response = _show(self._shown)
        elif path == _LIVE:
            response = webob.Response(json_body={'live': True})
        else:
            response = faults.fault(404, faults.NOT_FOUND)
        answer: Iterable[bytes] = response(environ, start_response)
        return answer


class ForUsers:
    """``/metrics`` on the port of the API, behind a policy.

    :param shown: the metrics of this program
    """

    def __init__(self, conf: cfg.ConfigOpts, shown: Exposition) -> None:
        self._enforcer = policy.Enforcer(conf)
        self._shown = shown

    def __call__(
        self, environ: dict[str, Any], start_response: Any
    ) -> Iterable[bytes]:
        try:
            context = environ.get(auth.CONTEXT)
            if context is None:
                raise exception.Unauthorized(reason='the request has no user')
            self._enforcer.authorize(context, policies.SHOW)
            response = _show(self._shown)
        except Exception as error:
            response = faults.of(error, environ)
        answer: Iterable[bytes] = response(environ, start_response)
        return answer


def _show(shown: Exposition) -> webob.Response:
    response = webob.Response(body=shown.text())
    response.headers['Content-Type'] = metrics.CONTENT_TYPE
    return response


def _port(environ: dict[str, Any]) -> int | None:
    """Return the port on which a request came in, where that is known."""
    listening = environ.get(SOCKET)
    if listening is None:
        return None
    name = listening.getsockname()
    return int(name[1]) if isinstance(name, tuple) else None
