# SPDX-License-Identifier: Apache-2.0

"""The history: the last transitions of each service."""

from alembic import op
import sqlalchemy as sa

revision = '0004'
down_revision = '0003'

TABLE = 'nova_sg_transitions'
INDEXES = {
    'ix_nova_sg_transitions_host': 'host',
    'ix_nova_sg_transitions_time': 'time',
}

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
            sa.Column('uuid', sa.String(36), primary_key=True),
            sa.Column(
                'sequence', sa.Integer, primary_key=True, autoincrement=False
            ),
            sa.Column('host', sa.String(255), nullable=False),
            sa.Column('binary', sa.String(255), nullable=False),
            sa.Column('time', sa.DateTime, nullable=False),
            sa.Column('before', sa.String(64), nullable=False),
            sa.Column('after', sa.String(64), nullable=False),
            sa.Column('reason', sa.String(255)),
            sa.Column('observer', sa.String(255), nullable=False),
            **OPTIONS,
        )
    indexes = sa.inspect(op.get_bind()).get_indexes(TABLE)
    there = {each['name'] for each in indexes}
    for name, column in INDEXES.items():
        if name not in there:
            op.create_index(name, TABLE, [column])
