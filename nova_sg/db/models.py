# SPDX-License-Identifier: Apache-2.0

"""The tables.

``services`` is nova's, column for column and constraint for constraint as in
nova 34 (2026.2), so that the ``db`` driver can be pointed at an existing cell
database. Every other table is ours and prefixed, so that it never meets one
of nova's.
"""

import sqlalchemy as sa

from nova_sg.db import types

PREFIX = 'nova_sg_'

#: Host and binary compare exactly, and any character may be stored.
MYSQL_OPTIONS = {
    'mysql_engine': 'InnoDB',
    'mysql_charset': 'utf8mb4',
    'mysql_collate': 'utf8mb4_bin',
}

metadata = sa.MetaData()

services = sa.Table(
    'services',
    metadata,
    sa.Column('created_at', types.UtcDateTime),
    sa.Column('updated_at', types.UtcDateTime),
    sa.Column('deleted_at', types.UtcDateTime),
    sa.Column('deleted', sa.Integer),
    sa.Column('id', sa.Integer, primary_key=True, nullable=False),
    sa.Column('uuid', sa.String(36)),
    sa.Column('host', sa.String(255)),
    sa.Column('binary', sa.String(255)),
    sa.Column('topic', sa.String(255)),
    sa.Column('report_count', sa.Integer, nullable=False),
    sa.Column('disabled', sa.Boolean),
    sa.Column('disabled_reason', sa.String(255)),
    sa.Column('last_seen_up', types.UtcDateTime),
    sa.Column('forced_down', sa.Boolean),
    sa.Column('version', sa.Integer),
    sa.UniqueConstraint(
        'host', 'topic', 'deleted', name='uniq_services0host0topic0deleted'
    ),
    sa.UniqueConstraint(
        'host', 'binary', 'deleted', name='uniq_services0host0binary0deleted'
    ),
    sa.Index('services_uuid_idx', 'uuid', unique=True),
    **MYSQL_OPTIONS,
)

#: The marker of the deployment this database belongs to: one row, id 1.
deployment = sa.Table(
    f'{PREFIX}deployment',
    metadata,
    sa.Column('id', sa.Integer, primary_key=True, autoincrement=False),
    sa.Column('driver', sa.String(64), nullable=False),
    sa.Column('records', sa.String(64), nullable=False),
    sa.Column('format', sa.Integer, nullable=False),
    **MYSQL_OPTIONS,
)

#: The changes that were made lately, so that none is made twice.
writes = sa.Table(
    f'{PREFIX}writes',
    metadata,
    sa.Column('token', sa.String(64), primary_key=True),
    sa.Column('action', sa.String(32), nullable=False),
    # Of the service that was changed, or what else names the changed thing.
    sa.Column('uuid', sa.String(255), nullable=False),
    sa.Column('made_at', types.UtcDateTime, nullable=False, index=True),
    **MYSQL_OPTIONS,
)

#: The workers of services, by the run of the unit that they belong to.
invocations = sa.Table(
    f'{PREFIX}invocations',
    metadata,
    sa.Column('service_uuid', sa.String(36), primary_key=True),
    # Empty for a process that has none.
    sa.Column('invocation', sa.String(32), primary_key=True),
    sa.Column('workers', sa.Integer, nullable=False),
    **MYSQL_OPTIONS,
)

#: The history: the transitions of services, each with its number.
transitions = sa.Table(
    f'{PREFIX}transitions',
    metadata,
    sa.Column('uuid', sa.String(36), primary_key=True),
    sa.Column('sequence', sa.Integer, primary_key=True, autoincrement=False),
    sa.Column('host', sa.String(255), nullable=False, index=True),
    sa.Column('binary', sa.String(255), nullable=False),
    sa.Column('time', types.UtcDateTime, nullable=False, index=True),
    sa.Column('before', sa.String(64), nullable=False),
    sa.Column('after', sa.String(64), nullable=False),
    sa.Column('reason', sa.String(255)),
    sa.Column('observer', sa.String(255), nullable=False),
    **MYSQL_OPTIONS,
)

#: Why services are down; see ``nova_sg.db.departures``.
departures = sa.Table(
    f'{PREFIX}departures',
    metadata,
    sa.Column('service_uuid', sa.String(36), primary_key=True),
    sa.Column('reason', sa.String(16), nullable=False),
    sa.Column('noted_at', types.UtcDateTime, nullable=False),
    sa.Column('last_seen', types.UtcDateTime),
    sa.Column('seen_by', sa.String(255)),
    **MYSQL_OPTIONS,
)

compute_nodes = sa.Table(
    f'{PREFIX}compute_nodes',
    metadata,
    sa.Column('id', sa.Integer, primary_key=True),
    sa.Column('uuid', sa.String(36), nullable=False, unique=True),
    sa.Column('created_at', types.UtcDateTime, nullable=False),
    sa.Column('updated_at', types.UtcDateTime),
    sa.Column('host', sa.String(255), nullable=False),
    sa.Column('hypervisor_hostname', sa.String(255), nullable=False),
    sa.Column('hypervisor_type', sa.String(255), nullable=False, index=True),
    sa.Column('hypervisor_version', sa.Integer, nullable=False),
    sa.Column('host_ip', sa.String(39)),
    sa.Column('vcpus', sa.Integer, nullable=False),
    sa.Column('vcpus_used', sa.Integer, nullable=False),
    sa.Column('memory_mb', sa.Integer, nullable=False),
    sa.Column('memory_mb_used', sa.Integer, nullable=False),
    sa.Column('local_gb', sa.Integer, nullable=False),
    sa.Column('local_gb_used', sa.Integer, nullable=False),
    sa.Column('disk_available_least', sa.Integer),
    sa.Column('current_workload', sa.Integer, nullable=False),
    sa.Column('running_vms', sa.Integer, nullable=False),
    sa.Column('cpu_info', types.MediumText, nullable=False),
    sa.UniqueConstraint('host', 'hypervisor_hostname'),
    **MYSQL_OPTIONS,
)

aggregates = sa.Table(
    f'{PREFIX}aggregates',
    metadata,
    sa.Column('id', sa.Integer, primary_key=True),
    sa.Column('uuid', sa.String(36), nullable=False, unique=True),
    sa.Column('created_at', types.UtcDateTime, nullable=False),
    sa.Column('updated_at', types.UtcDateTime),
    sa.Column('name', sa.String(255), nullable=False, unique=True),
    sa.Column('availability_zone', sa.String(255)),
    **MYSQL_OPTIONS,
)

aggregate_hosts = sa.Table(
    f'{PREFIX}aggregate_hosts',
    metadata,
    sa.Column(
        'aggregate_id',
        sa.ForeignKey(aggregates.c.id, ondelete='CASCADE'),
        primary_key=True,
    ),
    sa.Column('host', sa.String(255), primary_key=True, index=True),
    **MYSQL_OPTIONS,
)

instances = sa.Table(
    f'{PREFIX}instances',
    metadata,
    sa.Column('uuid', sa.String(36), primary_key=True),
    sa.Column('created_at', types.UtcDateTime, nullable=False),
    sa.Column('host', sa.String(255), nullable=False, index=True),
    sa.Column('node', sa.String(255)),
    sa.Column('project_id', sa.String(255), nullable=False),
    sa.Column('display_name', sa.String(255)),
    sa.Column('vcpus', sa.Integer, nullable=False),
    sa.Column('memory_mb', sa.Integer, nullable=False),
    sa.Column('root_gb', sa.Integer, nullable=False),
    sa.Column('ephemeral_gb', sa.Integer, nullable=False),
    **MYSQL_OPTIONS,
)
