# SPDX-License-Identifier: Apache-2.0


"""Ready bytes behind the middleware of nova_sg, and a SELECT."""

from collections.abc import Callable
from collections.abc import Sequence
from typing import Any
from unittest import mock

import sqlalchemy as sa
import webob

from benchmarks import child
from benchmarks.floor import lists
from benchmarks.floor import process as floor
from benchmarks.floor import tables
from benchmarks.ours import process as ours
from benchmarks.ours import rest
from nova_sg.api import auth
from nova_sg.api import deploy

operations = child.Operations()

_NODE = tables.compute_nodes.c

#: The columns of compute nodes that a path shows.
NODES = {
    '/os-hypervisors': sa.select(
        _NODE.uuid, _NODE.host, _NODE.hypervisor_hostname
    ),
    '/os-hypervisors/detail': sa.select(
        *(each for each in _NODE if not each.name.endswith('_at'))
    ),
}


@operations
def get(process: floor.Process, paths: list[str]) -> child.Work:
    (path,) = paths
    return behind_middleware(
        process,
        path,
        process.fetch,
        [lists.SERVICES, NODES.get(path, lists.ZONES)],
        lambda body: lambda: body,
    )


def behind_middleware(
    process: floor.Process,
    path: str,
    read: Callable[[sa.Select[Any]], object],
    statements: Sequence[sa.Select[Any]],
    write: Callable[[bytes], Callable[[], bytes]],
) -> child.Work:
    """Return work that reads, and answers with what nova_sg has answered.

    :param read: reads the rows of a statement
    :param write: makes of the answer what writes it
    """
    conf = ours.set_up(process.options).api.conf
    written = write(b''.join(rest.ask(deploy.loadapp(conf), path)))

    def no_op(environ: dict[str, Any], start_response: Any) -> Any:
        response = webob.Response(
            body=written(), content_type='application/json'
        )
        return response(environ, start_response)

    with mock.patch.object(
        deploy, 'Mounts', lambda conf, _shown: auth.protect(no_op, conf)
    ):
        app = deploy.loadapp(conf)

    def work() -> child.Facts:
        for statement in statements:
            read(statement)
        rest.ask(app, path)
        return {}

    return work
