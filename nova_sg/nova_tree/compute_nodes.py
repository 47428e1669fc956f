# SPDX-License-Identifier: Apache-2.0

"""nova's compute nodes, as far as services of their hosts are concerned.

With the services elsewhere nova's own statements, which join both tables,
cannot be used; these leave the other table out.
"""

from typing import Any

from nova.db.main import api as db
from nova.db.main import models
from oslo_utils import timeutils
import sqlalchemy as sa


@db.pick_context_manager_writer
def remove(context: Any, host: str | None, service_id: int) -> None:
    """Delete the compute nodes of a host, as nova's ``service_destroy``.

    They are not mapped any more, so that a host of the same name is
    discovered anew.

    :param service_id: of the oldest compute nodes, which have no host
    """
    db.model_query(context, models.ComputeNode).filter(
        sa.or_(
            models.ComputeNode.service_id == service_id,
            models.ComputeNode.host == host,
        )
    ).update(
        {
            'deleted': models.ComputeNode.id,
            'updated_at': models.ComputeNode.updated_at,
            'deleted_at': timeutils.utcnow(),
            'mapped': 0,
        },
        synchronize_session=False,
    )


@db.pick_context_manager_reader
def hosts_of_type(context: Any, hypervisor_type: str) -> set[str]:
    """Return the hosts which have a compute node of a hypervisor type."""
    query = (
        db.model_query(
            context, models.ComputeNode, args=(models.ComputeNode.host,)
        )
        .filter_by(hypervisor_type=hypervisor_type)
        .distinct()
    )
    return {host for (host,) in query}
