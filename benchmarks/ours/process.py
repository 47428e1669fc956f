# SPDX-License-Identifier: Apache-2.0


"""A process of nova_sg, as any command sets it up."""

from collections.abc import Sequence
import dataclasses
import os
from typing import Any

from nova_sg import conductor as sg_conductor
from nova_sg import conf as sg_conf
from nova_sg import context as sg_context
from nova_sg import objects
from nova_sg.servicegroup import api as sg_api
from nova_sg.servicegroup import member as sg_member
from nova_sg.servicegroup import record
from nova_sg.servicegroup.membership import base


@dataclasses.dataclass(frozen=True)
class Process:
    """What an operation works with."""

    api: sg_api.API
    context: sg_context.RequestContext

    def records(self) -> Sequence[record.Record]:
        """Return all services, by id."""
        return self.api.list(self.context)[0]

    def join(self, number: int) -> Sequence[base.Handle]:
        """Join as so many services, as an agent does with what it read."""
        services = objects.ServiceGroupServiceList.get_all(self.context)
        return self.api.join_many(
            self.context,
            [sg_member.identity(each) for each in services[:number]],
        )


def set_up(options: dict[str, Any]) -> Process:
    """Become a process of a deployment.

    :param options: what :meth:`benchmarks.world.World.options` returned
    """
    for name, value in options['environment'].items():
        os.environ[name] = value
    conf = sg_conf.load([])
    process = Process(sg_conductor.setup(conf), sg_context.get_admin_context())
    # As the API and the conductor do.
    process.api.start_reading(process.context)
    return process
