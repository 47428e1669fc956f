# SPDX-License-Identifier: Apache-2.0

"""The options that libraries read from oslo.config's global object.

nova_sg passes its configuration on and leaves the global object empty. A
library that reads the global one nevertheless would miss what an operator has
set. These libraries read it:

* oslo.concurrency: ``[oslo_concurrency]``, for each external lock. The queue
  manager of oslo.messaging takes such locks.
* oslo.messaging: ``[DEFAULT] rpc_ping_enabled`` when a server is made, and
  ``[oslo_messaging_notifications] routing_config`` in the driver ``routing``.
* oslo.log: ``[DEFAULT] fatal_deprecations`` when a library reports a
  deprecation.
* oslo.versionedobjects: ``fatal_exception_format_errors`` when an error of
  its own has a malformed message.

:func:`hand_over` copies those; the first two where the process uses messages.
The others take a configuration, or can be
given one, and get ours where they are called:

* oslo.db falls back on the global object for options it was not given:
  ``db/url.py`` gives all of them.
* oslo.middleware and keystonemiddleware fall back on it without a
  configuration; ``api/deploy.py`` and ``api/auth.py`` name one.
  keystonemiddleware configures oslo.cache with the same.
* oslo.policy reads it in the generators of its documentation only; the
  enforcer is made with ours.
* oslo.reports shows it, unless given another: see ``cmd/conductor.py``.
* oslo.messaging's log handler and RPC decorators use it; nova_sg does not
  use them.
* oslo.service, cotyledon, oslo.utils, oslo.context, oslo.serialization and
  oslo.metrics' client read nothing from it.
"""

from collections.abc import Mapping
from collections.abc import Sequence

from oslo_config import cfg
from oslo_log import versionutils
from oslo_versionedobjects import exception as ovo_exc

#: The options that every process reads globally, by group.
_READ_GLOBALLY: dict[str, list[cfg.Opt]] = {
    'DEFAULT': versionutils.deprecated_opts,
    'oslo_versionedobjects': ovo_exc.exc_log_opts,
}


def register_opts(conf: cfg.ConfigOpts) -> None:
    """Register them, so that they are read, and checked, at the start."""
    for group, options in _READ_GLOBALLY.items():
        conf.register_opts(options, None if group == 'DEFAULT' else group)


def hand_over(conf: cfg.ConfigOpts) -> None:
    """Let the global object have the values of this process.

    For a process that is nova_sg's own. Inside a nova the global object is
    nova's, and has the right values.

    :raises UnexpectedLibrary: oslo.messaging reads other options globally
    """
    _copy(conf, _READ_GLOBALLY)
    if 'oslo_messaging_notifications' in conf:
        # Imported here: see nova_sg.conf.register_messaging.
        from nova_sg.conf import transport

        _copy(conf, transport.read_globally())


def _copy(conf: cfg.ConfigOpts, read: Mapping[str, Sequence[cfg.Opt]]) -> None:
    for group, options in read.items():
        name = None if group == 'DEFAULT' else group
        cfg.CONF.register_opts(options, name)
        values = conf if name is None else conf[name]
        for option in options:
            cfg.CONF.set_override(option.dest, values[option.dest], name)
