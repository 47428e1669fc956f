# SPDX-License-Identifier: Apache-2.0

"""How connections to memcached are wrapped in TLS."""

import ssl
from typing import NoReturn

from oslo_config import cfg

from nova_sg import exception


def context(conf: cfg.ConfigOpts) -> ssl.SSLContext | None:
    """Return the context to wrap connections in; None for plain ones.

    :param conf: a loaded configuration
    :raises InvalidConfiguration: naming the option of a file that is no use
    """
    group = conf.memcached
    if not group.tls_enabled:
        return None
    for option in ('tls_cafile', 'tls_certfile', 'tls_keyfile'):
        _check_readable(option, getattr(group, option))
    if group.tls_keyfile and not group.tls_certfile:
        raise exception.InvalidConfiguration(
            option='[memcached] tls_keyfile',
            reason='it is the key of tls_certfile, which is not set',
        )
    try:
        made = ssl.create_default_context(cafile=group.tls_cafile or None)
    except ssl.SSLError as error:
        raise _useless('tls_cafile', error) from error
    if group.tls_certfile:
        key_option = 'tls_keyfile' if group.tls_keyfile else 'tls_certfile'
        try:
            made.load_cert_chain(
                group.tls_certfile,
                group.tls_keyfile or None,
                password=_ask_nobody,
            )
        except _Encrypted:
            raise exception.InvalidConfiguration(
                option=f'[memcached] {key_option}',
                reason='the key is encrypted, and a service cannot ask for '
                'its password; store it without one',
            ) from None
        except ssl.SSLError as error:
            both = 'tls_certfile'
            if group.tls_keyfile:
                both += ', tls_keyfile'
            raise _useless(both, error) from error
    return made


class _Encrypted(Exception):
    """A key needs a password."""


def _ask_nobody() -> NoReturn:
    # OpenSSL would ask on the terminal, also that of a service.
    raise _Encrypted


def _check_readable(option: str, path: str | None) -> None:
    if not path:
        return
    try:
        with open(path, 'rb'):
            pass
    except (OSError, ValueError) as error:
        raise _useless(option, error) from error


def _useless(options: str, error: Exception) -> exception.InvalidConfiguration:
    return exception.InvalidConfiguration(
        option=f'[memcached] {options}', reason=str(error)
    )
