# SPDX-License-Identifier: Apache-2.0


"""Ready bytes behind the middleware of nova_sg, and a SELECT."""

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
    conf = ours.set_up(process.options).api.conf
    ready = b''.join(rest.ask(deploy.loadapp(conf), path))

    def no_op(environ: dict[str, Any], start_response: Any) -> Any:
        response = webob.Response(body=ready, content_type='application/json')
        return response(environ, start_response)

    with mock.patch.object(
        deploy, 'Mounts', lambda conf, _shown: auth.protect(no_op, conf)
    ):
        app = deploy.loadapp(conf)
    statements = [lists.SERVICES, NODES.get(path, lists.ZONES)]

    def work() -> child.Facts:
        for statement in statements:
            process.fetch(statement)
        rest.ask(app, path)
        return {}

    return work
