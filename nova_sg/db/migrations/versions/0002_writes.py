# SPDX-License-Identifier: Apache-2.0

"""The tokens of the changes that were made."""

import sqlalchemy as sa

from nova_sg.db import creation

revision = '0002'
down_revision = '0001'


def upgrade() -> None:
    creation.table(
        'nova_sg_writes',
        sa.Column('token', sa.String(64), primary_key=True),
        sa.Column('action', sa.String(32), nullable=False),
        sa.Column('uuid', sa.String(255), nullable=False),
        sa.Column('made_at', sa.DateTime, nullable=False),
    )
    creation.index('nova_sg_writes', 'made_at')
