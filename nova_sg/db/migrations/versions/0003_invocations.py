# SPDX-License-Identifier: Apache-2.0

"""The workers of services, by the run of the unit they belong to."""

from alembic import op
import sqlalchemy as sa

revision = '0003'
down_revision = '0002'

TABLE = 'nova_sg_invocations'

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
            sa.Column('invocation', sa.String(32), primary_key=True),
            sa.Column('workers', sa.Integer, nullable=False),
            **OPTIONS,
        )
