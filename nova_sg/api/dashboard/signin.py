# SPDX-License-Identifier: Apache-2.0

"""From a name and a password to a token, and back to none."""

import contextlib
import logging
import re
from typing import Any
from typing import Protocol

from keystoneauth1 import exceptions as ks_exceptions
from keystoneauth1 import loading
from keystoneauth1 import session as ks_session
from keystoneauth1.identity import v3
from oslo_config import cfg

from nova_sg import exception
from nova_sg import texts
from nova_sg.api import validation
from nova_sg.api.schemas import common

LOG = logging.getLogger(__name__)

_NAME = {'type': 'string', 'minLength': 1, 'maxLength': 255}

_SCHEMA = validation.Validator(
    common.closed(
        {
            'user': _NAME,
            'password': {'type': 'string', 'maxLength': 4096},
            'domain': _NAME,
            'project': _NAME,
            'project_domain': _NAME,
        },
        optional=('password', 'domain', 'project', 'project_domain'),
    )
)

_GROUP = 'keystone_authtoken'

#: What the header of a request can hold, without a space.
_TOKEN = re.compile('[!-~]+')

#: Seconds for an answer where ``http_connect_timeout`` says nothing: the page
#: waits for 15.
_PATIENCE = 10


class SignIn(Protocol):
    """How a token is had."""

    def token(self, form: dict[str, str]) -> str:
        """Return a token.

        :param form: what was typed into the form
        :raises Unauthorized: it is not right
        """

    def is_token(self, text: str) -> bool:
        """Return whether a text looks like a token."""

    def revoke(self, token: str) -> None:
        """See that a token is good for nothing any more, if that works."""


def of(conf: cfg.ConfigOpts) -> SignIn:
    """Return how users sign in to a deployment.

    :param conf: a loaded configuration, with the options of keystonemiddleware
    """
    return Keystone(conf) if conf.api.auth_strategy == 'keystone' else Name()


def check(form: Any) -> dict[str, str]:
    """Return what was typed into the form.

    :raises ValidationError: it is not what the form sends
    """
    try:
        validation.check_body(_SCHEMA, form, relaxed=False)
    except exception.ValidationError:
        # The message would repeat the password.
        raise exception.ValidationError(
            detail='The form needs a user, and a password and project of at '
            'most 255 characters.'
        ) from None
    checked: dict[str, str] = form
    return checked


class Name:
    """With ``noauth2`` the name is the token, and there is no password."""

    def token(self, form: dict[str, str]) -> str:
        return form['user']

    def is_token(self, text: str) -> bool:
        return text.isprintable()

    def revoke(self, token: str) -> None:
        """Do nothing: a name stays one."""


class Keystone:
    """Asks the identity service that tokens are checked with."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self._group = group = conf[_GROUP]
        self._domain = conf.dashboard.domain
        plugin = loading.load_auth_from_conf_options(conf, _GROUP)
        self._url = (
            getattr(plugin, 'auth_url', None) or group.www_authenticate_uri
        )
        verify = False if group.insecure else group.cafile or True
        cert = group.certfile
        self._session = ks_session.Session(
            verify=verify,
            cert=(cert, group.keyfile) if cert and group.keyfile else cert,
            timeout=group.http_connect_timeout or _PATIENCE,
            app_name='nova-sg-dashboard',
        )

    def token(self, form: dict[str, str]) -> str:
        domain = form.get('domain', self._domain)
        asked = v3.Password(
            self._url_v3,
            username=form['user'],
            password=form.get('password', ''),
            user_domain_name=domain,
            project_name=form.get('project'),
            project_domain_name=form.get('project_domain', domain),
            include_catalog=False,
        )
        try:
            token = asked.get_token(self._session)
        except ks_exceptions.Unauthorized:
            raise exception.Unauthorized(
                reason='the user, the password or the project is wrong'
            ) from None
        except ks_exceptions.MissingAuthMethods:
            raise exception.Unauthorized(
                reason='this user needs more than a password to sign in, '
                'which this page cannot ask for'
            ) from None
        except (ks_exceptions.BadRequest, ks_exceptions.Forbidden) as error:
            LOG.warning(
                'The identity service refuses to sign in a user: %s',
                texts.one_line(str(error)),
            )
            raise exception.Unauthorized(
                reason='the identity service refuses this user or project'
            ) from None
        except KeyError:
            # keystoneauth takes for granted that it is there.
            raise ks_exceptions.ClientException(
                'it answers without a token'
            ) from None
        return str(token)

    def is_token(self, text: str) -> bool:
        return _TOKEN.fullmatch(text) is not None

    def revoke(self, token: str) -> None:
        with contextlib.suppress(ks_exceptions.ClientException):
            self._session.delete(
                f'{self._url_v3}/auth/tokens',
                headers={'X-Auth-Token': token, 'X-Subject-Token': token},
                authenticated=False,
            )
            return
        LOG.info('A token could not be revoked, and ends by itself.')

    @property
    def _url_v3(self) -> str:
        url = str(self._url).rstrip('/')
        return url if url.endswith('/v3') else f'{url}/v3'
