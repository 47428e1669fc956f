# SPDX-License-Identifier: Apache-2.0

"""Configuration: one module per option group, and how it is loaded.

There is no global configuration object. A command calls :func:`load` once
and passes the result on: it is what is called ``conf`` everywhere.
"""

from collections.abc import Sequence
import os
from typing import Any

from oslo_config import cfg

from nova_sg import exception
from nova_sg.conf import notifications
from nova_sg.conf import opts
from nova_sg.conf import values

DEFAULT_CONFIG_FILE = '/etc/nova-sg/nova-sg.conf'


def load(
    config_files: Sequence[str] | None = None,
    config_dirs: Sequence[str] = (),
    *,
    debug: bool = False,
    messaging: bool = False,
    modules: Sequence[Any] = opts.MODULES,
) -> cfg.ConfigOpts:
    """Return the configuration of this process, every option checked.

    The order is: environment (``OS_<GROUP>__<OPTION>``), then files. The
    options of oslo.messaging are there where the process sends or receives
    messages.

    :param config_files: the files to read; None for
        ``/etc/nova-sg/nova-sg.conf`` where it exists
    :param config_dirs: directories of further files
    :param debug: log at debug level, whatever the files say
    :param messaging: this process uses the message bus, whatever the files
        say; see :func:`uses_messaging`
    :param modules: of this package; fewer than all for some groups only
    :raises InvalidConfiguration: naming the option that cannot be used
    """
    if config_files is None:
        exists = os.path.exists(DEFAULT_CONFIG_FILE)
        config_files = [DEFAULT_CONFIG_FILE] if exists else []
    conf = cfg.ConfigOpts()
    opts.register_opts(conf, modules)
    args = [f'--config-file={path}' for path in config_files]
    args += [f'--config-dir={path}' for path in config_dirs]
    if debug:
        args.append('--debug')
    try:
        conf(
            args,
            project='nova-sg',
            default_config_files=[],
            default_config_dirs=[],
        )
    except (cfg.Error, OSError, ValueError) as error:
        # The last is a file that is not text.
        directory = isinstance(error, cfg.ConfigDirNotFoundError)
        raise exception.InvalidConfiguration(
            option='--config-dir' if directory else '--config-file',
            reason=values.one_line(error),
        ) from error
    values.check(conf)
    if messaging or uses_messaging(conf):
        register_messaging(conf)
    return conf


def uses_messaging(conf: cfg.ConfigOpts) -> bool:
    """Return whether the configuration has a process use the message bus.

    nova-sg-conductor uses it in any case.
    """
    if 'notifications' not in conf:
        # This process registered some of the groups only.
        return False
    sends: bool = (
        conf.servicegroup.use_conductor
        or conf.notifications.notification_format != notifications.UNVERSIONED
    )
    return sends


def has_messaging(conf: cfg.ConfigOpts) -> bool:
    """Return whether the options of oslo.messaging are registered."""
    return 'oslo_messaging_rabbit' in conf


def register_messaging(conf: cfg.ConfigOpts) -> None:
    """Register the options of oslo.messaging, and check them.

    They are not in ``opts.MODULES``: oslo.messaging lists them only when all
    of it is imported, with kombu and eventlet, which takes longer than
    everything else that most commands do.

    :param conf: a loaded configuration; where they are registered already,
        nothing is done
    :raises InvalidConfiguration: naming the option that cannot be used
    """
    if has_messaging(conf):
        return
    from nova_sg.conf import transport

    transport.register_opts(conf)
    values.check(conf)
