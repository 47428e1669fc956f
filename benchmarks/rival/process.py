# SPDX-License-Identifier: Apache-2.0


"""A process of stock nova, as its own entry points set it up."""

import dataclasses
from typing import Any

from nova import config
from nova import context as nova_context
from nova import objects
from nova import rpc
from nova import servicegroup
from nova.conductor import rpcapi
import nova.conf
from nova.objects import base as objects_base
from oslo_log import log as logging

CONF = nova.conf.CONF

# Once, before the children fork.
objects.register_all()


@dataclasses.dataclass(frozen=True)
class Process:
    """What an operation works with."""

    context: nova_context.RequestContext
    api: servicegroup.API
    state_path: str


def set_up(options: dict[str, Any]) -> Process:
    """Become a process of a deployment.

    :param options: what :meth:`benchmarks.world.World.options` returned
    """
    config.parse_args(['nova'], default_config_files=[options['nova_conf']])
    logging.setup(CONF, 'nova')
    assert rpc.TRANSPORT is not None
    if options['remote']:
        objects_base.NovaObject.indirection_api = rpcapi.ConductorAPI()
    return Process(
        nova_context.get_admin_context(), servicegroup.API(), CONF.state_path
    )
