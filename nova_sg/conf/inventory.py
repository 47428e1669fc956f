# SPDX-License-Identifier: Apache-2.0

"""What stands beside services: compute nodes, aggregates, instances."""

from oslo_config import cfg

inventory_group = cfg.OptGroup(
    'inventory',
    title='Inventory options',
    help="""
Compute nodes, aggregates and instances, for hypervisors, hosts and zones.

The inventory stores nothing about a service.
""",
)

inventory_opts = [
    cfg.StrOpt(
        'backend',
        choices=[
            ('sql', 'tables of nova_sg in the SQL database'),
            ('none', 'no inventory: every host is in the default zone'),
        ],
        help="""
Where compute nodes, aggregates and instances are kept.

Default: ``sql`` with ``[servicegroup] driver = db``, and ``none`` with every
other driver, so that such a deployment needs no database.
""",
    ),
]


def list_opts() -> dict[cfg.OptGroup, list[cfg.Opt]]:
    return {inventory_group: inventory_opts}
