# SPDX-License-Identifier: Apache-2.0

"""The history: the last transitions of each service."""

import sqlalchemy as sa

from nova_sg.db import creation

revision = '0004'
down_revision = '0003'


def upgrade() -> None:
    creation.table(
        'nova_sg_transitions',
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
    )
    creation.index('nova_sg_transitions', 'host')
    creation.index('nova_sg_transitions', 'time')
