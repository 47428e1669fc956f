# SPDX-License-Identifier: Apache-2.0

"""Who a browser is: a token in a cookie, and what is refused with one.

A browser sends a cookie along with whatever any page makes it ask. So

* the cookie is ``HttpOnly`` and ``SameSite=Strict``, for paths under
  ``/dashboard`` alone. No other path of the service takes a token from it;
* a request that says where its page is from must come from this one;
* a request that changes anything must say so, and must bear a proof that its
  page could read an answer of this service. The proof is made of the token,
  so that any worker can check it, and does not give the token away.
"""

import base64
import binascii
import hashlib
import hmac
from urllib import parse

from oslo_config import cfg
import webob
from webob import cookies

from nova_sg import exception

COOKIE = 'nova_sg_dashboard'

#: The header with the proof.
PROOF = 'X-CSRF-Token'

_PURPOSE = b'nova-sg dashboard'

#: Characters of a token, at most: a cookie holds 4096.
_MAX_TOKEN = 2900


class Session:
    """Reads and writes the cookie, and checks requests that come with it.

    :param path: where the page is
    :raises InvalidConfiguration: an origin is none
    """

    def __init__(self, conf: cfg.ConfigOpts, path: str) -> None:
        self._origins = {_origin(each) for each in conf.dashboard.origins}
        self._path = path

    def token(self, request: webob.Request) -> str | None:
        """Return the token of a request, None without one."""
        # Not by WebOb's own dictionary: it decodes the cookies of all
        # applications on this host, and fails with the first odd one.
        header = request.environ.get('HTTP_COOKIE', '')
        value = dict(cookies.parse_cookie(header)).get(COOKIE.encode())
        if not value:
            return None
        try:
            found = base64.urlsafe_b64decode(value).decode()
        except (binascii.Error, ValueError):
            return None
        return found if found.isprintable() else None

    def begin(
        self, request: webob.Request, response: webob.Response, token: str
    ) -> None:
        """Give a browser a token.

        :raises InvalidInput: no cookie can hold it
        """
        if len(token) > _MAX_TOKEN:
            raise exception.InvalidInput(
                reason='the token of this user is too long for a browser'
            )
        value = base64.urlsafe_b64encode(token.encode()).decode()
        self._set(request, response, value)

    def end(self, request: webob.Request, response: webob.Response) -> None:
        """Have a browser forget its token."""
        self._set(request, response, '', max_age=0)

    def proof(self, token: str) -> str:
        """Return the proof that a page got an answer with a token."""
        return hmac.new(token.encode(), _PURPOSE, hashlib.sha256).hexdigest()

    def check_origin(
        self, request: webob.Request, *, required: bool = False
    ) -> None:
        """Refuse what another page asks for.

        :param required: refuse what does not say where it is from, too
        :raises ForeignOrigin: it is from elsewhere
        """
        origin = request.headers.get('Origin')
        site = request.headers.get('Sec-Fetch-Site', 'same-origin')
        if origin is None:
            refused = required or site not in ('same-origin', 'none')
        else:
            refused = origin not in (self._origins or {request.host_url})
        if refused:
            raise exception.ForeignOrigin()

    def check_proof(self, request: webob.Request, token: str) -> None:
        """Refuse what no page of ours asks for.

        :raises ForeignOrigin: the proof is missing, or is another one
        """
        given = request.headers.get(PROOF, '')
        if not hmac.compare_digest(given.encode(), self.proof(token).encode()):
            raise exception.ForeignOrigin()

    def _set(
        self,
        request: webob.Request,
        response: webob.Response,
        value: str,
        max_age: int | None = None,
    ) -> None:
        response.set_cookie(
            COOKIE,
            value,
            max_age=max_age,
            path=f'{request.script_name}{self._path}',
            secure=self._is_secure(request),
            httponly=True,
            samesite='Strict',
        )

    def _is_secure(self, request: webob.Request) -> bool:
        origin = request.headers.get('Origin') or request.host_url
        return bool(origin.startswith('https:'))


def _origin(address: str) -> str:
    """Return an address as a browser names it in the header ``Origin``.

    :raises InvalidConfiguration: it is not ``SCHEME://HOST[:PORT]``
    """
    try:
        parts = parse.urlsplit(address)
        port = parts.port
    except ValueError:
        parts, port = parse.SplitResult('', '', '', '', ''), None
    more = parts.path.strip('/') or parts.query or parts.fragment
    default = {'http': 80, 'https': 443}.get(parts.scheme)
    if default is None or not parts.hostname or parts.username or more:
        raise exception.InvalidConfiguration(
            option='[dashboard] origins',
            reason=f'{address} is not https://HOST or https://HOST:PORT',
        )
    host = f'[{parts.hostname}]' if ':' in parts.hostname else parts.hostname
    shown = '' if port in (None, default) else f':{port}'
    return f'{parts.scheme}://{host}{shown}'
