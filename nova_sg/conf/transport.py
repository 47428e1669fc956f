# SPDX-License-Identifier: Apache-2.0

"""The message bus: oslo.messaging's own options; only defaults are ours."""

from typing import Any

from oslo_config import cfg
import oslo_messaging
from oslo_messaging import opts
from oslo_messaging._metrics import client as metrics
from oslo_messaging._tracing import client as tracing

#: The exchange that nova's consumers listen on.
CONTROL_EXCHANGE = 'nova'

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


def register_opts(conf: cfg.ConfigOpts) -> None:
    """Register oslo.messaging's options, before it does so itself.

    A bad value then stops a process at its start, and not with its first
    message. The last two groups it reads without registering them, where a
    configuration is not the global one.
    """
    for group, options in opts.list_opts():
        conf.register_opts(options, group)
    conf.register_opts(
        metrics.oslo_messaging_metrics, 'oslo_messaging_metrics'
    )
    conf.register_opts(
        tracing.oslo_messaging_tracing, 'oslo_messaging_tracing'
    )
    conf.set_default('control_exchange', CONTROL_EXCHANGE)
    for group, values in _DEFAULTS.items():
        for name, value in values.items():
            conf.set_default(name, value, group)


def set_lib_defaults() -> None:
    """Show the sample generator our defaults.

    oslo.messaging lets nobody set more of them than the exchange, before
    there is a configuration.
    """
    oslo_messaging.set_transport_defaults(CONTROL_EXCHANGE)
    theirs = dict(opts._opts)
    for group, values in _DEFAULTS.items():
        cfg.set_defaults(theirs[group], **values)
