# SPDX-License-Identifier: Apache-2.0

"""How often a command tries to connect to a database of nova.

nova's processes wait for a database that is away when they start: as often as
``max_retries`` says, and for ever with -1. A command says that it is away.
"""

import contextlib

from nova import conf as nova_conf
from nova.db.api import api as api_db
from nova.db.main import api as main_db
from oslo_db.sqlalchemy import enginefacade

CONF = nova_conf.CONF


def once() -> None:
    """Have this process report a database that it cannot connect to."""
    for group, manager in (
        ('database', main_db.context_manager),
        ('api_database', api_db.context_manager),
    ):
        # For the databases of cells, which are configured when they are used.
        CONF.set_override('max_retries', 0, group=group)
        # One that has been used is connected.
        with contextlib.suppress(enginefacade.AlreadyStartedError):
            manager.configure(max_retries=0)
