# SPDX-License-Identifier: Apache-2.0

"""The caller: a token that keystone knows, or, for development, any name."""

from collections.abc import Iterable
from collections.abc import Mapping
import importlib.util
import ipaddress
from typing import Any

from keystoneauth1 import exceptions as ks_exceptions
from keystonemiddleware import auth_token
from oslo_config import cfg
from oslo_middleware import opts as middleware_opts
import webob

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg.api import faults

#: Where the request's context is, in the environment of the request.
CONTEXT = 'nova_sg.context'

#: What ``noauth2`` calls an administrator, and what roles that one has.
ADMIN = 'admin'
ADMIN_ROLES = 'admin,manager,member,reader'
MEMBER_ROLES = 'member,reader'

#: Characters of a name that ``noauth2`` believes.
MAX_NAME = 255

#: The caller, as authentication tells the application. From outside these are
#: claims: keystonemiddleware takes them away, and so does ``noauth2``.
_CLAIMS = (
    'HTTP_X_USER',
    'HTTP_X_PROJECT',
    'HTTP_X_TENANT',
    'HTTP_X_DOMAIN',
    'HTTP_X_ROLE',
    'HTTP_X_SERVICE',
    'HTTP_X_IS_ADMIN_PROJECT',
    'HTTP_X_IDENTITY_STATUS',
    'HTTP_OPENSTACK_SYSTEM_SCOPE',
)

#: What a proxy adds to a request. The client of a proxy on this machine may
#: be anywhere.
_BY_A_PROXY = (
    'HTTP_FORWARDED',
    'HTTP_X_FORWARDED_FOR',
    'HTTP_X_FORWARDED_HOST',
    'HTTP_X_FORWARDED_PROTO',
    'HTTP_X_REAL_IP',
    'HTTP_VIA',
)


def protect(application: Any, conf: cfg.ConfigOpts) -> Any:
    """Put the configured authentication before an application.

    :raises InvalidConfiguration: it does not name the identity service
    """
    with_context = Context(application)
    if conf.api.auth_strategy == 'noauth2':
        check_noauth(conf)
        return NoAuth(with_context, conf)
    try:
        protected = auth_token.AuthProtocol(
            with_context, {'oslo_config_config': conf}
        )
    except ks_exceptions.ClientException as error:
        raise exception.InvalidConfiguration(
            option='[keystone_authtoken]', reason=' '.join(str(error).split())
        ) from error
    group = conf.keystone_authtoken
    if not (group.auth_type or group.auth_section):
        # Every request would be answered with 500.
        raise exception.InvalidConfiguration(
            option='[keystone_authtoken] auth_type',
            reason='[api] auth_strategy = keystone asks the identity '
            'service, and nothing says where it is and with which password; '
            'for development set auth_strategy = noauth2',
        )
    _check_token_cache(group)
    return protected


def _check_token_cache(group: Any) -> None:
    """Look for what keystonemiddleware imports with the first request.

    :raises InvalidConfiguration: an option needs what is not installed
    """
    if not group.memcached_servers:
        return
    needed = {'memcached_servers': ('memcache', 'python-memcached')}
    if (group.memcache_security_strategy or '').upper() == 'ENCRYPT':
        needed['memcache_security_strategy'] = ('cryptography', 'cryptography')
    for option, (module, package) in needed.items():
        if importlib.util.find_spec(module) is None:
            raise exception.InvalidConfiguration(
                option=f'[keystone_authtoken] {option}',
                reason=f'it needs the package {package}, which is not '
                'installed; it comes with nova-sg[api]',
            )


def check_noauth(conf: cfg.ConfigOpts) -> None:
    """Refuse to take the word of a request for where it comes from.

    :raises InvalidConfiguration: ``noauth2`` for this machine only, and
        headers tell which machine that is
    """
    if conf.api.auth_strategy != 'noauth2' or conf.api.noauth2_anywhere:
        return
    for group, options in middleware_opts.list_opts_http_proxy_to_wsgi():
        conf.register_opts(options, group=group)
    if conf.oslo_middleware.enable_proxy_headers_parsing:
        raise exception.InvalidConfiguration(
            option='[oslo_middleware] enable_proxy_headers_parsing',
            reason='with [api] auth_strategy = noauth2 a request that says '
            '"X-Forwarded-For: 127.0.0.1" is one of an administrator, '
            'wherever it comes from: unset it',
        )


class Context:
    """Makes the context of a request from what authentication found out."""

    def __init__(self, application: Any) -> None:
        self._application = application

    def __call__(
        self, environ: dict[str, Any], start_response: Any
    ) -> Iterable[bytes]:
        context = sg_context.RequestContext.from_environ(
            environ, overwrite=True
        )
        if context.user_id is None:
            return _refuse(environ, start_response, 'the token has no user')
        environ[CONTEXT] = context
        answer: Iterable[bytes] = self._application(environ, start_response)
        return answer


class NoAuth:
    """Believes every client: ``X-Auth-Token: USER[:PROJECT]``.

    :param conf: read is ``[api] noauth2_anywhere``: without it only this
        machine is served, whatever server the application runs under
    """

    def __init__(self, application: Any, conf: cfg.ConfigOpts) -> None:
        self._application = application
        self._anywhere = conf.api.noauth2_anywhere

    def __call__(
        self, environ: dict[str, Any], start_response: Any
    ) -> Iterable[bytes]:
        if not (self._anywhere or _is_local(environ)):
            return _refuse(
                environ,
                start_response,
                'this service serves its own machine only, and no proxy',
            )
        token = environ.get('HTTP_X_AUTH_TOKEN', '')
        user, _, project = token.partition(':')
        if not (user and token.isprintable() and len(token) <= MAX_NAME):
            return _refuse(
                environ,
                start_response,
                'X-Auth-Token is USER or USER:PROJECT, of '
                f'{MAX_NAME} printable characters at most',
            )
        for name in [each for each in environ if each.startswith(_CLAIMS)]:
            del environ[name]
        environ.update(
            HTTP_X_USER_ID=user,
            HTTP_X_PROJECT_ID=project or user,
            HTTP_X_ROLES=ADMIN_ROLES if user == ADMIN else MEMBER_ROLES,
        )
        answer: Iterable[bytes] = self._application(environ, start_response)
        return answer


def is_loopback(address: str) -> bool:
    """Return whether only this machine reaches an address to listen on."""
    if address == 'localhost':
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _is_local(environ: Mapping[str, Any]) -> bool:
    if any(name in environ for name in _BY_A_PROXY):
        return False
    # Behind a unix socket there is none.
    address = environ.get('REMOTE_ADDR')
    return not address or is_loopback(address)


def _refuse(
    environ: dict[str, Any], start_response: Any, reason: str
) -> Iterable[bytes]:
    error = exception.Unauthorized(reason=reason)
    response: webob.Response = faults.of(error, environ)
    answer: Iterable[bytes] = response(environ, start_response)
    return answer
