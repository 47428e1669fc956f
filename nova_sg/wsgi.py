# SPDX-License-Identifier: Apache-2.0

"""The REST service for a WSGI server: ``nova_sg.wsgi:application``.

For uWSGI, gunicorn, mod_wsgi and any other server. The configuration comes
from the environment and from ``/etc/nova-sg/nova-sg.conf``, or from the files
that ``NOVA_SG_CONFIG_FILES`` names, separated by colons. The server must load
this module in its workers, after the fork (uWSGI: ``lazy-apps``).
"""

import os

from nova_sg import _quiet  # noqa: F401
from nova_sg import conf as sg_conf
from nova_sg import log
from nova_sg import metrics
from nova_sg.api import deploy
from nova_sg.conf import libraries
from nova_sg.metrics import place as sg_place

#: Names configuration files, separated by colons.
CONFIG_VARIABLE = 'NOVA_SG_CONFIG_FILES'


def make_application() -> deploy.WsgiApp:
    """Load the configuration, set up logging, and make the application.

    :raises InvalidConfiguration: naming the option that cannot be used
    """
    named = os.environ.get(CONFIG_VARIABLE)
    conf = sg_conf.load(named.split(os.pathsep) if named else None)
    libraries.hand_over(conf)
    log.set_up(conf)
    log.warn_of_unused(conf)
    directory = conf.monitoring.directory
    if not directory:
        return deploy.loadapp(conf)
    metrics.check('[monitoring] directory')
    return deploy.loadapp(conf, sg_place.Place(directory))


application = make_application()
