# SPDX-License-Identifier: Apache-2.0

"""The workers of services, by the run of the unit they belong to."""

import sqlalchemy as sa

from nova_sg.db import creation

revision = '0003'
down_revision = '0002'


def upgrade() -> None:
    creation.table(
        'nova_sg_invocations',
        sa.Column('service_uuid', sa.String(36), primary_key=True),
        sa.Column('invocation', sa.String(32), primary_key=True),
        sa.Column('workers', sa.Integer, nullable=False),
    )
