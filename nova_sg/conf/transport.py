# SPDX-License-Identifier: Apache-2.0

"""The message bus: oslo.messaging's own options; only defaults are ours."""

from collections.abc import Callable
import copy
from importlib import metadata
import os
import ssl
from typing import Any
import zlib

from oslo_concurrency import opts as concurrency
from oslo_config import cfg
import oslo_messaging
from oslo_messaging import opts

from nova_sg import exception
from nova_sg import private

#: The exchange that nova's consumers listen on.
CONTROL_EXCHANGE = 'nova'

#: The entry points of drivers of notifications.
_NOTIFIERS = 'oslo.messaging.notify.drivers'

#: The transports that speak to RabbitMQ.
_RABBIT = ('rabbit', 'kombu+amqp')

#: A configuration with what the query of a URL sets.
_WITH_QUERY = 'oslo_messaging._drivers.common:ConfigOptsProxy'

#: oslo.messaging registers these groups with oslo.config's global object only,
#: and reads them from the configuration it is given. The second one came with
#: 18; no function lists either.
_METRICS = 'oslo_messaging_metrics'
_UNREGISTERED = {
    _METRICS: 'oslo_messaging._metrics.client',
    'oslo_messaging_tracing': 'oslo_messaging._tracing.client',
}

#: Options that are read from oslo.config's global object.
_RPC = 'rpc_ping_enabled'
_ROUTING = 'oslo_messaging.notify._impl_routing:router_config'

#: Our defaults of other options, by group.
_DEFAULTS: dict[str, dict[str, Any]] = {
    'oslo_messaging_notifications': {
        # [notifications] says whether any are sent; then they are to arrive.
        'driver': ['messagingv2'],
        # A change that is made already does not wait for a broker that is
        # away.
        'retry': 0,
    },
    'oslo_messaging_rabbit': {
        # Seconds at most between two attempts to reach a broker that went
        # away: a host must be back before the service down time is over.
        'rabbit_interval_max': 5,
    },
}


def read_globally() -> dict[str, list[cfg.Opt]]:
    """Return what is read from the global object, by group.

    With the options of oslo.concurrency, by which the queue manager of
    oslo.messaging takes its locks.

    :raises UnexpectedLibrary: one of them is not there
    """
    rpc = [
        option
        for group, options in opts.list_opts()
        for option in options
        if group is None and option.dest == _RPC
    ]
    return {
        'DEFAULT': rpc,
        **dict(concurrency.list_opts()),
        'oslo_messaging_notifications': [
            private.find(private.MESSAGING, _ROUTING)
        ],
    }


def register_opts(conf: cfg.ConfigOpts) -> None:
    """Register oslo.messaging's options, before it does so itself.

    A bad value then stops a process at its start, and not with its first
    message.

    :raises UnexpectedLibrary: it reads options that are not known here
    """
    for group, options in opts.list_opts():
        conf.register_opts(options, group)
    for group, options in read_globally().items():
        conf.register_opts(options, None if group == 'DEFAULT' else group)
    for name in list(cfg.CONF):
        if name in _UNREGISTERED:
            place = f'{_UNREGISTERED[name]}:{name}'
            conf.register_opts(private.find(private.MESSAGING, place), name)
        elif name.startswith('oslo_messaging_') and name not in conf:
            private.unexpected(
                private.MESSAGING, f'nothing may read [{name}] unasked'
            )
    conf.set_default('control_exchange', CONTROL_EXCHANGE)
    for group, values in _DEFAULTS.items():
        for name, value in values.items():
            conf.set_default(name, value, group)
    _end_with_the_last_call(conf)


def _end_with_the_last_call(conf: cfg.ConfigOpts) -> None:
    """Let no thread for metrics that are off keep a command from ending.

    The first call starts one in any case, and Python waits for it at the end
    of the process. It looks for metrics until it has had none for these
    seconds; the library's default is 10::

        t=0    service leave calls nova's conductor, and is answered
        t=0.1  it has printed its line, and ends
        t=10   the thread ends, and so does the process: systemd starts the
               unit again
    """
    if _METRICS not in conf:
        return
    try:
        enabled = conf[_METRICS].metrics_enabled
    except ValueError:
        # Whoever checks all options names this one.
        return
    if not enabled:
        conf.set_default('metrics_thread_stop_timeout', 0, _METRICS)


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


def name_queues_at_random(conf: cfg.ConfigOpts) -> None:
    """Do without oslo.messaging's queue manager in a command.

    It numbers the queues of the processes of one process group. Two commands
    that run at once would both be the first of theirs, and one would be sent
    the answers of the other. Without a ``lock_path`` the option stays as it
    is: then no process of the file can work, and :func:`check` says so.
    """
    if conf.oslo_concurrency.lock_path:
        conf.set_override('use_queue_manager', False, 'oslo_messaging_rabbit')


def name_queues_after(conf: cfg.ConfigOpts, program: str, what: str) -> None:
    """Tell the queues of services of one program on one host apart.

    As above, for services; the name must be the same after a restart, and
    short, since it is part of the name of a file.

    :param program: the name of the program
    :param what: what tells this service from others, as its host and binary
    """
    conf.set_default(
        'processname',
        f'{program}-{zlib.crc32(what.encode()):08x}',
        'oslo_messaging_rabbit',
    )


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


def set_lib_defaults() -> None:
    """Show the sample generator our defaults.

    Before there is a configuration, oslo.messaging has a function for the
    exchange only.
    """
    oslo_messaging.set_transport_defaults(CONTROL_EXCHANGE)
    theirs = dict(private.find(private.MESSAGING, 'oslo_messaging.opts:_opts'))
    for group, values in _DEFAULTS.items():
        cfg.set_defaults(theirs[group], **values)
