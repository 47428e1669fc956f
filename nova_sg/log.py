# SPDX-License-Identifier: Apache-2.0

"""The log of a process that stays, and what any process warns of first."""

from importlib import metadata
import logging

from oslo_config import cfg
from oslo_log import log as oslo_logging

from nova_sg import broker_log
from nova_sg.conf import legacy
from nova_sg.conf import values

LOG = logging.getLogger(__name__)


def set_up(conf: cfg.ConfigOpts) -> None:
    """Log as the configuration says, with times."""
    if not (conf.log_file or conf.log_dir or conf.use_journal):
        # oslo.log would take stdout, which is for what was asked for.
        conf.set_default('use_stderr', True)
    oslo_logging.setup(conf, 'nova-sg', metadata.version('nova-sg'))
    broker_log.log_outages_once()


def warn_of_unused(conf: cfg.ConfigOpts) -> None:
    """Warn of what an operator has set and nova_sg does not read."""
    for variable in values.unknown_environment(conf):
        LOG.warning(
            'The environment variable %s is not an option of nova_sg and has '
            'no effect.',
            variable,
        )
    legacy.warn(conf)
