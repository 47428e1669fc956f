# SPDX-License-Identifier: Apache-2.0

"""The [database] group is oslo.db's own; only its defaults are ours."""

import os

from oslo_config import cfg
from oslo_db import options

SQLITE_FILE = 'nova-sg.sqlite'


def register_opts(conf: cfg.ConfigOpts) -> None:
    """Register oslo.db's options with a SQLite file as the default.

    An unreachable database is reported at once instead of being waited for:
    oslo.db would try ten times, ten seconds apart, before the first
    statement; nova_sg retries statements itself, within a bound.
    """
    conf.register_opts(options.database_opts, group='database')
    conf.set_default(
        'connection', f'sqlite:///$state_path/{SQLITE_FILE}', group='database'
    )
    conf.set_default('max_retries', 0, group='database')


def set_lib_defaults() -> None:
    """Show the sample generator the defaults above."""
    cfg.set_defaults(
        options.database_opts,
        connection='sqlite:///'
        + os.path.join('$XDG_STATE_HOME', 'nova-sg', SQLITE_FILE),
        max_retries=0,
    )
