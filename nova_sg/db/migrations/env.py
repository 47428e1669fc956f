# SPDX-License-Identifier: Apache-2.0

"""Alembic's environment: runs on the connection it is handed."""

from alembic import context

from nova_sg.db import models
from nova_sg.db import schema

context.configure(
    connection=context.config.attributes['connection'],
    target_metadata=models.metadata,
    version_table=schema.VERSION_TABLE,
    transactional_ddl=False,
)
context.run_migrations()
