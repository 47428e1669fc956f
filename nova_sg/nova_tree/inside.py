# SPDX-License-Identifier: Apache-2.0

"""nova-sg-api in a nova: what it needs of nova before it serves."""

from collections.abc import Sequence
import functools

from nova import conf as nova_conf
from nova import config as nova_config
from oslo_config import cfg
from oslo_log import log as logging

from nova_sg import conf as sg_conf
from nova_sg import exception
from nova_sg.conf import api
from nova_sg.conf import dashboard
from nova_sg.conf import monitoring
from nova_sg.conf import paths
from nova_sg.conf import servicegroup

CONF = nova_conf.CONF

#: Where it listens unless told: nova's own API has 8774.
PORT = 9180

#: What it reads by itself, from nova's files.
_MODULES = (api, dashboard, monitoring, paths, servicegroup)


def load(
    program: str,
    config_files: Sequence[str] | None,
    config_dirs: Sequence[str],
    *,
    debug: bool,
) -> cfg.ConfigOpts:
    """Read nova's configuration, and return what is ours of it.

    :param program: its name, by which oslo.config finds files, too
    :param config_files: None for those that nova reads unasked
    :param config_dirs: directories of further files
    :raises InvalidConfiguration: naming the option that cannot be used
    """
    _configure(program, tuple(config_files or ()), tuple(config_dirs), debug)
    conf = sg_conf.load(
        CONF.config_file, CONF.config_dir or (), debug=debug, modules=_MODULES
    )
    conf.set_default('port', PORT, group='api')
    return conf


@functools.cache
def _configure(
    program: str,
    config_files: tuple[str, ...],
    config_dirs: tuple[str, ...],
    debug: bool,
) -> None:
    """Have nova read its files, once in a process."""
    argv = [program]
    argv += [f'--config-file={path}' for path in config_files]
    argv += [f'--config-dir={path}' for path in config_dirs]
    if debug:
        argv.append('--debug')
    try:
        nova_config.parse_args(argv, prog=program)
    except (cfg.Error, OSError, ValueError) as error:
        raise exception.InvalidConfiguration(
            option='--config-file', reason=' '.join(str(error).split())
        ) from error
    logging.setup(CONF, 'nova')
