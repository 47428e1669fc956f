# SPDX-License-Identifier: Apache-2.0

"""The servicegroup driver, and when a service is down."""

from oslo_config import cfg

DEFAULT_DRIVER = 'db'

#: The uuid nova gives cell0, the cell that every deployment has.
CELL0_UUID = '00000000-0000-0000-0000-000000000000'

servicegroup_group = cfg.OptGroup(
    'servicegroup',
    title='Service group options',
    help="""
The driver keeps the service records and decides which services are up.

Every process of a deployment needs the same ``driver`` and ``records``. A
process that differs refuses to start.
""",
)

servicegroup_opts = [
    cfg.StrOpt(
        'driver',
        default=DEFAULT_DRIVER,
        help="""
The servicegroup driver, an entry point of ``nova_sg.servicegroup.drivers``.

Possible values:

* ``db``: records and liveness are in the SQL database
* ``zk``: records and liveness are in ZooKeeper
* ``mc``: liveness is in memcached, records are in the SQL database
* the name of any other installed driver

To change it on a deployment that holds services, move them with
``nova-sg-manage driver migrate``.
""",
    ),
    cfg.StrOpt(
        'records',
        help="""
Where service records are kept, an entry point of
``nova_sg.servicegroup.records``.

Possible values:

* ``sql``: in the SQL database
* ``zookeeper``: in ZooKeeper
* ``memcached``: in memcached, which loses them when it is restarted
* the name of any other installed record store

Default: ``sql`` for ``db`` and ``mc``, ``zookeeper`` for ``zk``. Set it only
to keep records elsewhere than the driver does by default.
""",
    ),
    cfg.StrOpt(
        'beats',
        default='nova',
        choices=[
            (
                'nova',
                'as nova sends them: each is a call and three statements, '
                "stamped by the clock of the conductor's host",
            ),
            (
                'grouped',
                'most are casts, one statement writes many, and the clock of '
                'the database stamps and ages them',
            ),
        ],
        help="""
How heartbeats are written inside a nova, with ``driver = db``.

Both write the same columns of nova's own table. Processes with either value,
and processes without nova_sg, may run beside each other. Without a nova, and
with any other driver, this option is ignored.
""",
    ),
    cfg.IntOpt(
        'report_interval',
        default=10,
        min=1,
        help="""
Seconds between two heartbeats of a service.

Lower values notice a recovery sooner and cost more writes. The value must be
smaller than ``service_down_time``.
""",
    ),
    cfg.IntOpt(
        'service_down_time',
        default=60,
        min=1,
        help="""
Seconds without a heartbeat after which a service is down.

Lower values notice a crash sooner. Keep it at three times ``report_interval``
or more, or a single slow heartbeat can make a healthy service look down.
""",
    ),
    cfg.BoolOpt(
        'use_conductor',
        default=False,
        help="""
Let nova-sg-conductor make all database calls of this process.

Set it on hosts that have no access to the database.
""",
    ),
    cfg.StrOpt(
        'cell',
        default=CELL0_UUID,
        regex='^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$',
        ignore_case=True,
        help="""
The uuid of the cell to which the services of this process belong.

Inside a nova it is the cell to whose database ``[database] connection`` leads;
a compute has that of its conductor. ``nova-manage cell_v2 list_cells`` shows
it. The default is cell0. nova-sg by itself needs it only if there are several
cells.
""",
    ),
]


def list_opts() -> dict[cfg.OptGroup, list[cfg.Opt]]:
    return {servicegroup_group: servicegroup_opts}
