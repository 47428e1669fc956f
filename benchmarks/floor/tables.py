# SPDX-License-Identifier: Apache-2.0


"""The tables as anybody would select from them, without our types."""

import sqlalchemy as sa

from nova_sg.db import models


def _plain(table: sa.Table) -> sa.TableClause:
    return sa.table(
        table.name,
        *(
            sa.column(
                column.name,
                sa.DateTime()
                if column.name.endswith(('_at', '_up'))
                else column.type,
            )
            for column in table.c
        ),
    )


services = _plain(models.services)
aggregates = _plain(models.aggregates)
aggregate_hosts = _plain(models.aggregate_hosts)
compute_nodes = _plain(models.compute_nodes)

#: The live services.
LIVE = services.c.deleted == 0
