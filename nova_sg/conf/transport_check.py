# SPDX-License-Identifier: Apache-2.0

"""What a process cannot speak to a broker with, by the name of its option."""

from collections.abc import Callable
import copy
from importlib import metadata
import os
import ssl
from typing import Any

from oslo_config import cfg
import oslo_messaging

from nova_sg import exception
from nova_sg import private

#: The entry points of drivers of notifications.
_NOTIFIERS = 'oslo.messaging.notify.drivers'

#: The transports that speak to RabbitMQ.
_RABBIT = ('rabbit', 'kombu+amqp')

#: A configuration with what the query of a URL sets.
_WITH_QUERY = 'oslo_messaging._drivers.common:ConfigOptsProxy'


def check(
    conf: cfg.ConfigOpts, url: oslo_messaging.TransportURL, option: str
) -> None:
    """Refuse what oslo.messaging would notice only when it connects.

    It raises then in a thread that tries again for ever, or in words that
    name no option.

    :param url: the URL to connect with; its query has options, too
    :param option: where the URL was told
    :raises InvalidConfiguration: naming the option that cannot be used
    """
    _check_hosts(url, option)
    if url.transport not in _RABBIT:
        return
    rabbit = options(conf, url, option)
    if rabbit.use_queue_manager:
        _check_lock_path(conf.oslo_concurrency.lock_path)
    if rabbit.rabbit_quorum_queue and rabbit.rabbit_ha_queues:
        raise exception.InvalidConfiguration(
            option='[oslo_messaging_rabbit] rabbit_ha_queues',
            reason='with rabbit_quorum_queue it must be false',
        )
    if rabbit.rabbit_stream_fanout:
        _check_streams(rabbit)
    if rabbit.ssl:
        _check_tls(rabbit)


def check_notifications(conf: cfg.ConfigOpts) -> None:
    """Refuse a driver of notifications that is not installed.

    oslo.messaging would send none by it.

    :raises InvalidConfiguration: naming the option
    """
    installed = metadata.entry_points(group=_NOTIFIERS).names
    for name in filter(None, conf.oslo_messaging_notifications.driver):
        if name not in installed:
            raise exception.InvalidConfiguration(
                option='[oslo_messaging_notifications] driver',
                reason=f'{name!r} is not installed; there are: '
                f'{", ".join(sorted(installed))}',
            )


def options(
    conf: cfg.ConfigOpts, url: oslo_messaging.TransportURL, option: str
) -> Any:
    """Return ``[oslo_messaging_rabbit]`` with what a URL says instead.

    :param option: where the URL was told
    :raises InvalidConfiguration: the URL has a parameter that is none
    """
    proxy = private.find(private.MESSAGING, _WITH_QUERY)
    for name, value in url.query.items():
        one = copy.copy(url)
        one.query = {name: value}
        try:
            proxy(conf, one, 'oslo_messaging_rabbit')
        except (cfg.NoSuchOptError, ValueError) as error:
            raise exception.InvalidConfiguration(
                option=option,
                reason=f'it cannot have {name}={value}',
            ) from error
    whole = proxy(conf, url, 'oslo_messaging_rabbit')
    return whole.oslo_messaging_rabbit


def _check_hosts(url: oslo_messaging.TransportURL, option: str) -> None:
    for host in url.hosts:
        if not host.hostname:
            reason = 'it names no host'
        elif host.port is not None and not 0 < host.port < 65536:
            reason = f'{host.port} is no port'
        else:
            continue
        raise exception.InvalidConfiguration(option=option, reason=reason)


def _check_lock_path(path: str | None) -> None:
    if not path:
        raise exception.InvalidConfiguration(
            option='[oslo_concurrency] lock_path',
            reason='it must name a directory, since [oslo_messaging_rabbit] '
            'use_queue_manager takes locks there',
        )
    try:
        os.makedirs(path, exist_ok=True)
    except OSError as error:
        reason = f'cannot make {path}: {error.strerror}'
    else:
        if os.access(path, os.W_OK | os.X_OK):
            return
        reason = f'this user cannot write to {path}'
    raise exception.InvalidConfiguration(
        option='[oslo_concurrency] lock_path', reason=reason
    )


def _check_streams(rabbit: Any) -> None:
    for name, good, needed in (
        (
            'rabbit_qos_prefetch_count',
            rabbit.rabbit_qos_prefetch_count > 0,
            'more than 0',
        ),
        (
            'rabbit_transient_quorum_queue',
            rabbit.rabbit_transient_quorum_queue,
            'true',
        ),
    ):
        if not good:
            raise exception.InvalidConfiguration(
                option=f'[oslo_messaging_rabbit] {name}',
                reason=f'with rabbit_stream_fanout it must be {needed}',
            )


def _check_tls(rabbit: Any) -> None:
    """Read what a connection will read."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if rabbit.ssl_version:
        validate = private.find(private.MESSAGING, private.SSL_VERSION)
        _try('ssl_version', validate, rabbit.ssl_version)
    if rabbit.ssl_ca_file:
        _try('ssl_ca_file', context.load_verify_locations, rabbit.ssl_ca_file)
    if rabbit.ssl_cert_file:
        key_file = rabbit.ssl_key_file or None
        if key_file:
            _try('ssl_key_file', _read, key_file)
        _try(
            'ssl_cert_file',
            context.load_cert_chain,
            rabbit.ssl_cert_file,
            key_file,
            # Else OpenSSL asks for it on the terminal.
            lambda: '',
        )


def _read(path: str) -> None:
    with open(path, 'rb'):
        pass


def _try(name: str, use: Callable[..., Any], value: str, *more: Any) -> None:
    try:
        use(value, *more)
    except (OSError, RuntimeError, ValueError) as error:
        # Among the first: ssl.SSLError.
        if isinstance(error, ssl.SSLError):
            reason = f'{value} is not in PEM, or its key is another or locked'
        elif isinstance(error, OSError):
            reason = f'{value}: {error.strerror}'
        else:
            reason = f'{value!r} cannot be used'
        raise exception.InvalidConfiguration(
            option=f'[oslo_messaging_rabbit] {name}', reason=reason
        ) from error
