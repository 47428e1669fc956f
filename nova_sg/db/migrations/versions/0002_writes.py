# SPDX-License-Identifier: Apache-2.0

"""The tokens of the changes that were made."""

from alembic import op
import sqlalchemy as sa

revision = '0002'
down_revision = '0001'

TABLE = 'nova_sg_writes'
INDEX = 'ix_nova_sg_writes_made_at'

OPTIONS = {
    'mysql_engine': 'InnoDB',
    'mysql_charset': 'utf8mb4',
    'mysql_collate': 'utf8mb4_bin',
}


def upgrade() -> None:
    """Make what is not there: an upgrade may have been cut off."""
    inspector = sa.inspect(op.get_bind())
    if not inspector.has_table(TABLE):
        op.create_table(
            TABLE,
            sa.Column('token', sa.String(64), primary_key=True),
            sa.Column('action', sa.String(32), nullable=False),
            sa.Column('uuid', sa.String(255), nullable=False),
            sa.Column('made_at', sa.DateTime, nullable=False),
            **OPTIONS,
        )
    indexes = sa.inspect(op.get_bind()).get_indexes(TABLE)
    if INDEX not in {each['name'] for each in indexes}:
        op.create_index(INDEX, TABLE, ['made_at'])
