# SPDX-License-Identifier: Apache-2.0

"""Why services are down."""

import sqlalchemy as sa

from nova_sg.db import creation

revision = '0005'
down_revision = '0004'


def upgrade() -> None:
    creation.table(
        'nova_sg_departures',
        sa.Column('service_uuid', sa.String(36), primary_key=True),
        sa.Column('reason', sa.String(16), nullable=False),
        sa.Column('noted_at', sa.DateTime, nullable=False),
        sa.Column('last_seen', sa.DateTime),
        sa.Column('seen_by', sa.String(255)),
    )
