# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.


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
