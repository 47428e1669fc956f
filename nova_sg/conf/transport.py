# SPDX-License-Identifier: Apache-2.0

"""The message bus: oslo.messaging's own options; only defaults are ours."""

from typing import Any
import zlib

from oslo_concurrency import opts as concurrency
from oslo_config import cfg
import oslo_messaging
from oslo_messaging import opts

from nova_sg import private

#: The exchange that nova's consumers listen on.
CONTROL_EXCHANGE = 'nova'

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
        # A change that is made already does not wait for a broker that cannot
        # be reached.
        'retry': 0,
    },
    'oslo_messaging_rabbit': {
        # Seconds at most between two attempts to reach a broker: a host must
        # be back before the service down time is over.
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


def name_queues_at_random(conf: cfg.ConfigOpts) -> None:
    """Do without oslo.messaging's queue manager in a command.

    It numbers the queues of the processes of one process group. Two commands
    that run at once would both be the first of theirs, and one would be sent
    the answers of the other. Without a ``lock_path`` the option stays as it
    is: then no process of the file can work, and
    :func:`.transport_check.check` says so.
    """
    if conf.oslo_concurrency.lock_path:
        conf.set_override('use_queue_manager', False, 'oslo_messaging_rabbit')


def name_queues_after(conf: cfg.ConfigOpts, program: str, what: str) -> None:
    """Tell the queues of services of one program on one host apart.

    As above, for services; the name must be the same after a restart, and
    short, since it is part of the name of a file.

    :param what: what tells this service from others, as its host and binary
    """
    conf.set_default(
        'processname',
        f'{program}-{zlib.crc32(what.encode()):08x}',
        'oslo_messaging_rabbit',
    )


def set_lib_defaults() -> None:
    """Show the sample generator our defaults.

    Before there is a configuration, oslo.messaging has a function for the
    exchange only.
    """
    oslo_messaging.set_transport_defaults(CONTROL_EXCHANGE)
    theirs = dict(private.find(private.MESSAGING, 'oslo_messaging.opts:_opts'))
    for group, values in _DEFAULTS.items():
        cfg.set_defaults(theirs[group], **values)
