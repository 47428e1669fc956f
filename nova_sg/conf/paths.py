# SPDX-License-Identifier: Apache-2.0

"""Where nova_sg keeps its own files, and what this host is called."""

import os
import pathlib
import socket

from oslo_config import cfg


def default_state_path() -> str:
    """Return the current user's state directory for nova_sg.

    ``$XDG_STATE_HOME/nova-sg``, or ``~/.local/state/nova-sg`` (XDG Base
    Directory Specification 0.8).
    """
    state_home = os.environ.get('XDG_STATE_HOME', '')
    if not os.path.isabs(state_home):
        state_home = str(pathlib.Path.home() / '.local' / 'state')
    return os.path.join(state_home, 'nova-sg')


path_opts = [
    cfg.StrOpt(
        'state_path',
        sample_default='$XDG_STATE_HOME/nova-sg',
        help="""
The directory for files of nova-sg itself.

The default SQLite database lies here. Change it if the user of the service
cannot write to its home directory.
""",
    ),
    cfg.StrOpt(
        'host',
        default=socket.gethostname(),
        max_length=255,
        sample_default='<current_hostname>',
        help="""
The name of this host in service records.

It must be unique within a cell. Do not change it while services of this host
are registered: under a new name they register as new services.
""",
    ),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    """Register these options; where files lie, the environment says now."""
    conf.register_opts(path_opts)
    conf.set_default('state_path', default_state_path())


def list_opts() -> dict[str, list[cfg.Opt]]:
    return {'DEFAULT': path_opts}
