# SPDX-License-Identifier: Apache-2.0

"""Which path under ``/dashboard`` is what."""

from collections.abc import Callable
from collections.abc import Iterable
from typing import Any

import orjson
from oslo_config import cfg
import webob
import webob.exc

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg.api import auth
from nova_sg.api import faults
from nova_sg.api import handler
from nova_sg.api.dashboard import actions
from nova_sg.api.dashboard import board as sg_board
from nova_sg.api.dashboard import files
from nova_sg.api.dashboard import follower
from nova_sg.api.dashboard import session
from nova_sg.api.dashboard import signin

PATH = '/dashboard'

#: With every answer. No script but ours runs, whatever a service is called;
#: nothing is asked of another host; and no page shows this one inside.
HEADERS = {
    'Content-Security-Policy': "default-src 'none'; script-src 'self'; "
    "style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'",
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
}

#: How old what is known is, and how long ago it was listed, in seconds; the
#: second one is not there where nothing was listed yet.
AGE, LISTED = 'Nova-Sg-Age', 'Nova-Sg-Listed-Ago'

#: What a link of any page may lead to: it tells nothing.
_LINKED = ('', '/')

Handler = Callable[[webob.Request], webob.Response]


def is_under(path: str) -> bool:
    """Return whether a path is that of the page, or below it."""
    return path == PATH or path.startswith(f'{PATH}/')


class Dashboard:
    """The page, and what it asks for.

    :param board: where services are; None for those of this package
    :raises InvalidConfiguration: it does not name the identity service
    """

    def __init__(
        self, conf: cfg.ConfigOpts, board: sg_board.Board | None = None
    ) -> None:
        self._conf = conf
        self._board = board or sg_board.OwnBoard(conf)
        self._files = files.Files()
        self._session = session.Session(conf, PATH)
        self._follower = follower.Follower(
            self._board, conf.dashboard.name or ''
        )
        self._protected = auth.protect(self._with_context, conf)
        # Only now are the options of keystonemiddleware there.
        self._signin = signin.of(conf)
        #: By method and path: what anyone may ask for, and what needs a token.
        self._open: dict[tuple[str, str], Handler] = {
            ('GET', ''): lambda request: self._file(files.INDEX, request),
            ('GET', '/session'): self._show_session,
            ('POST', '/login'): self._log_in,
            ('POST', '/logout'): self._log_out,
        }
        self._known: dict[tuple[str, str], Handler] = {
            ('GET', '/user'): self._show_user,
            ('GET', '/state'): self._show_state,
            ('GET', '/host'): self._show_host,
            **{
                ('POST', f'/actions/{name}'): self._acting(action)
                for name, action in actions.ACTIONS.items()
            },
        }

    def __call__(
        self, environ: dict[str, Any], start_response: Any
    ) -> Iterable[bytes]:
        request = webob.Request(environ)
        try:
            response = self._respond(request)
        except Exception as error:
            response = faults.of(error, environ)
        response.headers.update(HEADERS)
        response.headers.setdefault('Cache-Control', 'no-store')
        answer: Iterable[bytes] = response(environ, start_response)
        return answer

    def _respond(self, request: webob.Request) -> webob.Response:
        path = request.environ['PATH_INFO'][len(PATH) :]
        method = 'GET' if request.method == 'HEAD' else request.method
        if path not in _LINKED and not path.startswith('/static/'):
            self._session.check_origin(request, required=method != 'GET')
        if path.startswith('/static/') and method == 'GET':
            request.environ[handler.ROUTE] = f'{PATH}/static'
            return self._file(path.removeprefix('/static/'), request)
        if path == '/' and method == 'GET':
            return webob.Response(body=files.SLASH, content_type='text/html')
        methods = [m for m, p in (*self._open, *self._known) if p == path]
        if not methods:
            raise webob.exc.HTTPNotFound(faults.NOT_FOUND)
        request.environ[handler.ROUTE] = PATH + path
        if method not in methods:
            raise webob.exc.HTTPMethodNotAllowed(
                'This method is not allowed here.',
                headers={'Allow': ', '.join(methods)},
            )
        found = self._open.get((method, path), self._ask_protected)
        return found(request)

    def _file(self, name: str, request: webob.Request) -> webob.Response:
        found = self._files.get(name, request)
        if found is None:
            raise webob.exc.HTTPNotFound(faults.NOT_FOUND)
        return found

    # Signing in

    def _show_session(self, request: webob.Request) -> webob.Response:
        """Tell a page who its user is, or how to sign in."""
        if self._token(request) is not None:
            inside = request.copy_get()
            inside.environ['PATH_INFO'] = f'{PATH}/user'
            response = self._ask_protected(inside)
            if response.status_int != 401:
                return response
        return _json(
            {
                'user': None,
                'auth': self._conf.api.auth_strategy,
                'domain': self._conf.dashboard.domain,
            }
        )

    def _log_in(self, request: webob.Request) -> webob.Response:
        token = self._signin.token(signin.check(actions.body_of(request)))
        # An answer to a client that is refused would hand out a session.
        request.environ['PATH_INFO'] = f'{PATH}/user'
        request.method = 'GET'
        response = self._ask_protected(request, token)
        if response.status_int == 200:
            self._session.begin(request, response, token)
        return response

    def _log_out(self, request: webob.Request) -> webob.Response:
        token = self._token(request)
        response = webob.Response(status=204, content_type=None)
        if token is not None:
            self._session.check_proof(request, token)
            self._signin.revoke(token)
            self._session.end(request, response)
        return response

    def _token(self, request: webob.Request) -> str | None:
        """Return the token of the cookie; what is none is no token."""
        token = self._session.token(request)
        if token and self._signin.is_token(token):
            return token
        return None

    # What needs a token

    def _ask_protected(
        self, request: webob.Request, token: str | None = None
    ) -> webob.Response:
        """Ask with the token of the cookie, and with nothing else."""
        token = token or self._token(request)
        if token is None:
            raise exception.Unauthorized(reason='nobody is signed in')
        if request.method not in ('GET', 'HEAD'):
            self._session.check_proof(request, token)
        environ = request.environ
        for name in ('HTTP_X_SERVICE_TOKEN', 'HTTP_X_STORAGE_TOKEN'):
            environ.pop(name, None)
        environ['HTTP_X_AUTH_TOKEN'] = token
        environ[_TOKEN] = token
        return request.get_response(self._protected)

    def _with_context(
        self, environ: dict[str, Any], start_response: Any
    ) -> Iterable[bytes]:
        request = webob.Request(environ)
        method = 'GET' if request.method == 'HEAD' else request.method
        path = environ['PATH_INFO'][len(PATH) :]
        try:
            response = self._known[method, path](request)
        except Exception as error:
            response = faults.of(error, environ)
        answer: Iterable[bytes] = response(environ, start_response)
        return answer

    def _show_user(self, request: webob.Request) -> webob.Response:
        context = _context(request)
        return _json(
            {
                'user': context.user_name or context.user_id,
                'proof': self._session.proof(request.environ[_TOKEN]),
                'sees': self._allows(context, self._board.sees),
                'acts': self._allows(context, self._board.acts),
            }
        )

    def _show_state(self, request: webob.Request) -> webob.Response:
        self._board.authorize(_context(request), self._board.sees)
        found = self._follower.get()
        response = files.answer(
            request,
            found.body,
            found.packed,
            found.revision,
            'application/json',
        )
        response.headers[AGE] = f'{self._follower.age(found):.1f}'
        if found.listed:
            response.headers[LISTED] = f'{found.behind:.3f}'
        return response

    def _show_host(self, request: webob.Request) -> webob.Response:
        context = _context(request)
        self._board.authorize(context, self._board.sees)
        name = actions.host_of(request)
        found = self._board.host(context, name)
        if not found:
            raise exception.ComputeHostNotFound(host=name)
        return _json(
            {
                'host': name,
                'services': [follower.as_json(dict(each)) for each in found],
                'history': self._history(context, name),
            }
        )

    def _history(
        self, context: sg_context.RequestContext, name: str
    ) -> list[dict[str, Any]] | None:
        """Return the history of a host, the newest first."""
        found = self._board.history(context, name)
        if found is None:
            return None
        return [
            follower.as_json(
                {
                    'at': each.changed_at,
                    'binary': each.binary,
                    'before': str(each.before),
                    'after': str(each.after),
                    'reason': each.reason,
                    'observer': each.observer,
                }
            )
            for each in reversed(found)
        ]

    def _acting(self, action: actions.Action) -> Handler:
        def act(request: webob.Request) -> webob.Response:
            context = _context(request)
            self._board.authorize(context, self._board.acts)
            host = action(self._board, context, actions.body_of(request))
            # Whoever asks next is shown what was done.
            self._follower.get(anew=True)
            return _json({'host': host})

        return act

    def _allows(self, context: sg_context.RequestContext, rule: str) -> bool:
        try:
            self._board.authorize(context, rule)
        except exception.PolicyNotAuthorized:
            return False
        return True


#: The token, in the environment of a request that was let through.
_TOKEN = 'nova_sg.dashboard.token'  # noqa: S105


def _context(request: webob.Request) -> sg_context.RequestContext:
    context: sg_context.RequestContext = request.environ[auth.CONTEXT]
    return context


def _json(content: Any) -> webob.Response:
    return webob.Response(
        body=orjson.dumps(content), content_type='application/json'
    )
