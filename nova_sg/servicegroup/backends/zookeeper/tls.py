# SPDX-License-Identifier: Apache-2.0

"""TLS to the ensemble.

kazoo would trust the system's certificates beside those of ``tls_ca_file``,
so that the connection is encrypted here.
"""

import socket
import ssl
from typing import Any

from oslo_config import cfg

from nova_sg import exception
from nova_sg.servicegroup.backends.zookeeper.options import unusable


def context(options: cfg.ConfigOpts.GroupAttr) -> ssl.SSLContext | None:
    """Return how to speak TLS, None where the configuration does not.

    :param options: the group ``[zookeeper]``
    :raises InvalidConfiguration: naming the option that is no use
    """
    if not options.use_tls:
        return None
    if bool(options.tls_cert_file) != bool(options.tls_key_file):
        raise unusable('tls_key_file', 'it goes together with tls_cert_file')
    if options.tls_key_password and not options.tls_key_file:
        raise unusable('tls_key_password', 'there is no tls_key_file')
    try:
        made = ssl.create_default_context(cafile=options.tls_ca_file or None)
    except (OSError, ssl.SSLError) as error:
        raise _unreadable(options, 'tls_ca_file', error) from error
    made.check_hostname = options.tls_verify and options.tls_check_hostname
    if not options.tls_verify:
        made.verify_mode = ssl.CERT_NONE
    if options.tls_cert_file:
        try:
            with open(options.tls_cert_file, 'rb'):
                pass
        except OSError as error:
            raise _unreadable(options, 'tls_cert_file', error) from error
        try:
            made.load_cert_chain(
                options.tls_cert_file,
                options.tls_key_file,
                # Without a password OpenSSL would ask for it on the terminal.
                password=options.tls_key_password or '',
            )
        except (OSError, ssl.SSLError) as error:
            raise _unreadable(options, 'tls_key_file', error) from error
    return made


def wrap(
    made: ssl.SSLContext, plain: socket.socket, host: str, timeout: float
) -> ssl.SSLSocket:
    """Return an encrypted connection.

    :param plain: the connection to the server
    :param host: the name that its certificate must have, as configured
    :param timeout: seconds for the handshake
    :raises OSError: the server is not to be trusted, or does not answer
    """
    plain.settimeout(timeout)
    try:
        return made.wrap_socket(plain, server_hostname=host)
    except BaseException:
        plain.close()
        raise


def one_line(error: BaseException) -> str:
    """Return what an error says, in one line."""
    reason = getattr(error, 'strerror', None) or str(error)
    return ' '.join(str(reason).split()) or type(error).__name__


def _unreadable(
    options: Any, name: str, error: BaseException
) -> exception.InvalidConfiguration:
    return unusable(name, f'{options[name]}: {one_line(error)}')
