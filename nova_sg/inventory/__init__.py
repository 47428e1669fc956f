# SPDX-License-Identifier: Apache-2.0

"""What stands beside services: compute nodes, aggregates, instances."""

from oslo_config import cfg

from nova_sg.inventory import base
from nova_sg.inventory import none


def load(conf: cfg.ConfigOpts) -> base.Inventory:
    """Return the configured inventory.

    Unset, ``[inventory] backend`` is ``sql`` with the ``db`` driver, which
    has a database anyway, and ``none`` with every other.

    :param conf: a loaded configuration
    """
    backend = conf.inventory.backend
    if backend is None:
        backend = 'sql' if conf.servicegroup.driver == 'db' else 'none'
    if backend == 'none':
        return none.NoInventory(conf)
    # Imported here: a deployment without a database loads none of it.
    from nova_sg.inventory import sql

    return sql.SqlInventory(conf)
