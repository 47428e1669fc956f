# SPDX-License-Identifier: Apache-2.0

"""The services table as nova 34 has it, and the tables of nova_sg."""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from nova_sg.db import creation

revision = '0001'
down_revision = None


def upgrade() -> None:
    """Make what is not there.

    A services table that is there is nova's: it is adopted, and never
    altered.
    """
    _create_services()
    _create_deployment()
    _create_compute_nodes()
    _create_aggregates()
    _create_instances()


def _create_services() -> None:
    creation.table(
        'services',
        sa.Column('created_at', sa.DateTime),
        sa.Column('updated_at', sa.DateTime),
        sa.Column('deleted_at', sa.DateTime),
        sa.Column('deleted', sa.Integer),
        sa.Column('id', sa.Integer, primary_key=True, nullable=False),
        sa.Column('uuid', sa.String(36)),
        sa.Column('host', sa.String(255)),
        sa.Column('binary', sa.String(255)),
        sa.Column('topic', sa.String(255)),
        sa.Column('report_count', sa.Integer, nullable=False),
        sa.Column('disabled', sa.Boolean),
        sa.Column('disabled_reason', sa.String(255)),
        sa.Column('last_seen_up', sa.DateTime),
        sa.Column('forced_down', sa.Boolean),
        sa.Column('version', sa.Integer),
        sa.UniqueConstraint(
            'host', 'topic', 'deleted', name='uniq_services0host0topic0deleted'
        ),
        sa.UniqueConstraint(
            'host',
            'binary',
            'deleted',
            name='uniq_services0host0binary0deleted',
        ),
        _unique_uuid(),
    )


def _unique_uuid() -> sa.schema.SchemaItem:
    """Return nova's index; on MySQL as a part of the table, the same there.

    A table left without it would pass for nova's ever after.
    """
    if op.get_bind().dialect.name in ('mysql', 'mariadb'):
        return sa.UniqueConstraint('uuid', name='services_uuid_idx')
    return sa.Index('services_uuid_idx', 'uuid', unique=True)


def _create_deployment() -> None:
    creation.table(
        'nova_sg_deployment',
        sa.Column('id', sa.Integer, primary_key=True, autoincrement=False),
        sa.Column('driver', sa.String(64), nullable=False),
        sa.Column('records', sa.String(64), nullable=False),
        sa.Column('format', sa.Integer, nullable=False),
    )


def _create_compute_nodes() -> None:
    creation.table(
        'nova_sg_compute_nodes',
        sa.Column('id', sa.Integer, primary_key=True),
        sa.Column('uuid', sa.String(36), nullable=False, unique=True),
        sa.Column('created_at', sa.DateTime, nullable=False),
        sa.Column('updated_at', sa.DateTime),
        sa.Column('host', sa.String(255), nullable=False),
        sa.Column('hypervisor_hostname', sa.String(255), nullable=False),
        sa.Column('hypervisor_type', sa.String(255), nullable=False),
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
        sa.Column(
            'cpu_info',
            sa.Text().with_variant(mysql.MEDIUMTEXT(), 'mysql', 'mariadb'),
            nullable=False,
        ),
        sa.UniqueConstraint('host', 'hypervisor_hostname'),
    )
    creation.index('nova_sg_compute_nodes', 'hypervisor_type')


def _create_aggregates() -> None:
    creation.table(
        'nova_sg_aggregates',
        sa.Column('id', sa.Integer, primary_key=True),
        sa.Column('uuid', sa.String(36), nullable=False, unique=True),
        sa.Column('created_at', sa.DateTime, nullable=False),
        sa.Column('updated_at', sa.DateTime),
        sa.Column('name', sa.String(255), nullable=False, unique=True),
        sa.Column('availability_zone', sa.String(255)),
    )
    creation.table(
        'nova_sg_aggregate_hosts',
        sa.Column(
            'aggregate_id',
            sa.Integer,
            sa.ForeignKey('nova_sg_aggregates.id', ondelete='CASCADE'),
            primary_key=True,
        ),
        sa.Column('host', sa.String(255), primary_key=True),
    )
    creation.index('nova_sg_aggregate_hosts', 'host')


def _create_instances() -> None:
    creation.table(
        'nova_sg_instances',
        sa.Column('uuid', sa.String(36), primary_key=True),
        sa.Column('created_at', sa.DateTime, nullable=False),
        sa.Column('host', sa.String(255), nullable=False),
        sa.Column('node', sa.String(255)),
        sa.Column('project_id', sa.String(255), nullable=False),
        sa.Column('display_name', sa.String(255)),
        sa.Column('vcpus', sa.Integer, nullable=False),
        sa.Column('memory_mb', sa.Integer, nullable=False),
        sa.Column('root_gb', sa.Integer, nullable=False),
        sa.Column('ephemeral_gb', sa.Integer, nullable=False),
    )
    creation.index('nova_sg_instances', 'host')
