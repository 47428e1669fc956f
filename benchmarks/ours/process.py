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


"""A process of nova_sg, as any command sets it up."""

from collections.abc import Sequence
import dataclasses
import os
from typing import Any

from nova_sg import conf as sg_conf
from nova_sg import context as sg_context
from nova_sg.conductor import remote
from nova_sg.servicegroup import api as sg_api
from nova_sg.servicegroup import record


@dataclasses.dataclass(frozen=True)
class Process:
    """What an operation works with."""

    api: sg_api.API
    context: sg_context.RequestContext

    def records(self) -> Sequence[record.Record]:
        """Return all services, by id."""
        return self.api.list(self.context)[0]


def set_up(options: dict[str, Any]) -> Process:
    """Become a process of a deployment.

    :param options: what :meth:`benchmarks.world.World.options` returned
    """
    for name, value in options['environment'].items():
        os.environ[name] = value
    conf = sg_conf.load([])
    process = Process(remote.setup(conf), sg_context.get_admin_context())
    # As the API and the conductor do.
    process.api.start_reading(process.context)
    return process
