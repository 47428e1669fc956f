# SPDX-License-Identifier: Apache-2.0

"""Whether the message broker is there, and lets this process in.

oslo.messaging tries to make its first connection for ever, whatever the
patience of its caller, and raises whatever the AMQP library has for a refused
password. So a process connects once by itself, and closes the connection.
"""

import ssl
from typing import Any

from amqp import exceptions as amqp_exc
import kombu
from oslo_config import cfg
import oslo_messaging as messaging

from nova_sg import exception
from nova_sg import private
from nova_sg.conf import transport_check

#: Where oslo.messaging looks for a broker that the URL does not name.
HOST, PORT = 'localhost', 5672

#: Seconds in which a broker that works accepts a connection.
_PATIENCE = 5.0

_OPTION = '[DEFAULT] transport_url'


def check(conf: cfg.ConfigOpts) -> None:
    """See whether one host of the URL lets this process in.

    :raises OSError: no host of the URL can be connected to
    :raises InvalidConfiguration: one refuses what only a person can mend:
        the password, the virtual host, the kind of TLS
    """
    url = messaging.TransportURL.parse(conf)
    hosts = url.hosts
    if not hosts and url.transport == 'rabbit':
        hosts = [messaging.TransportHost(HOST, PORT, 'guest', 'guest')]
    away: OSError | None = None
    refused: exception.InvalidConfiguration | None = None
    for host in hosts:
        try:
            _connect(conf, url, host)
        except ssl.SSLError as error:
            refused = _refusal(host, f'TLS: {error.reason or error}')
        except (amqp_exc.AccessRefused, amqp_exc.NotAllowed) as error:
            refused = _refusal(host, error.reply_text)
        except amqp_exc.AMQPError as error:
            away = OSError(f'{_name(host)}: {error}')
        except OSError as error:
            away = error
        else:
            return
    if refused is not None:
        raise refused
    if away is not None:
        raise away


def name(conf: cfg.ConfigOpts) -> str:
    """Return the broker as an operator knows it, without the password."""
    url = messaging.TransportURL.parse(conf)
    return f'{url.transport}://{",".join(_name(each) for each in url.hosts)}'


def _name(host: messaging.TransportHost) -> str:
    hostname = host.hostname or ''
    return f'{f"[{hostname}]" if ":" in hostname else hostname}:' + str(
        host.port or PORT
    )


def _connect(
    conf: cfg.ConfigOpts,
    url: messaging.TransportURL,
    host: messaging.TransportHost,
) -> None:
    rabbit = transport_check.options(conf, url, _OPTION)
    connection = kombu.Connection(
        hostname=host.hostname or HOST,
        port=host.port or PORT,
        userid=host.username or '',
        password=host.password or '',
        virtual_host=url.virtual_host or '/',
        ssl=_tls(rabbit, host) if rabbit.ssl else False,
        login_method=rabbit.rabbit_login_method,
        connect_timeout=_PATIENCE,
        transport='pyamqp',
    )
    # Not of kombu: it tries again, and wraps what goes wrong.
    made = connection.transport.establish_connection()
    connection.transport.close_connection(made)


def _tls(rabbit: Any, host: messaging.TransportHost) -> Any:
    """Return what oslo.messaging hands to kombu."""
    options: dict[str, Any] = {}
    if rabbit.ssl_version:
        options['ssl_version'] = private.find(
            private.MESSAGING, private.SSL_VERSION
        )(rabbit.ssl_version)
    if rabbit.ssl_key_file:
        options['keyfile'] = rabbit.ssl_key_file
    if rabbit.ssl_cert_file:
        options['certfile'] = rabbit.ssl_cert_file
    if rabbit.ssl_ca_file:
        options['ca_certs'] = rabbit.ssl_ca_file
        options['cert_reqs'] = ssl.CERT_REQUIRED
        options['server_hostname'] = host.hostname
    return options or True


def _refusal(
    host: messaging.TransportHost, reason: str
) -> exception.InvalidConfiguration:
    text = ' '.join(reason.split())
    return exception.InvalidConfiguration(
        option=_OPTION, reason=f'{_name(host)} refuses it: {text}'
    )
