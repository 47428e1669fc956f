# SPDX-License-Identifier: Apache-2.0

"""What stands beside services: compute nodes, aggregates, instances."""

from oslo_config import cfg

from nova_sg.inventory import base
from nova_sg.inventory import none

#: The ``[inventory] backend`` with tables in the database.
SQL = 'sql'


def load(conf: cfg.ConfigOpts, *, has_database: bool) -> base.Inventory:
    """Return the configured inventory.

    :param has_database: whether the driver has a database anyway, which is
        then the default
    """
    backend = conf.inventory.backend or (SQL if has_database else 'none')
    if backend != SQL:
        return none.NoInventory(conf)
    # Imported here: a deployment without a database loads none of it.
    from nova_sg.inventory import sql

    return sql.SqlInventory(conf)


def uses_database(conf: cfg.ConfigOpts) -> bool:
    """Return whether the inventory is said to be in the database."""
    return bool(conf.inventory.backend == SQL)
