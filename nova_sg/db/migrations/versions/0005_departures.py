# SPDX-License-Identifier: Apache-2.0

"""Why services are down."""

from alembic import op
import sqlalchemy as sa

revision = '0005'
down_revision = '0004'

TABLE = 'nova_sg_departures'

OPTIONS = {
    'mysql_engine': 'InnoDB',
    'mysql_charset': 'utf8mb4',
    'mysql_collate': 'utf8mb4_bin',
}


def upgrade() -> None:
    """Make what is not there: an upgrade may have been cut off."""
    if not sa.inspect(op.get_bind()).has_table(TABLE):
        op.create_table(
            TABLE,
            sa.Column('service_uuid', sa.String(36), primary_key=True),
            sa.Column('reason', sa.String(16), nullable=False),
            sa.Column('noted_at', sa.DateTime, nullable=False),
            sa.Column('last_seen', sa.DateTime),
            sa.Column('seen_by', sa.String(255)),
            **OPTIONS,
        )
