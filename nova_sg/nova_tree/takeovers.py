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

"""Everything that is taken over, in the order in which it is."""

from nova import objects

from nova_sg.nova_tree import door
from nova_sg.nova_tree import functions
from nova_sg.nova_tree import hypervisors
from nova_sg.nova_tree import instances
from nova_sg.nova_tree import options
from nova_sg.nova_tree import servicegroup
from nova_sg.nova_tree import statistics
from nova_sg.nova_tree import stop
from nova_sg.nova_tree import takeover
from nova_sg.nova_tree import unavailable

#: The options come first: all others read them.
TAKEOVERS: tuple[type[takeover.Takeover], ...] = (
    options.Options,
    functions.ServiceFunctions,
    door.ServiceObjects,
    servicegroup.ServiceGroupDriver,
    stop.ServiceStop,
    instances.InstanceServices,
    statistics.ComputeNodeStatistics,
    hypervisors.HypervisorServices,
    unavailable.Unavailable,
)


def take_all() -> takeover.Patches:
    """Take everything over, or nothing.

    :returns: what was changed
    :raises UnexpectedNova: nova is not as one of the takeovers expects it
    """
    # Else nova would put a class of its own into our place later.
    objects.register_all()
    there = [each() for each in TAKEOVERS]
    for each in there:
        each.check()
    patches = takeover.Patches()
    try:
        for each in there:
            each.take(patches)
    except BaseException:
        patches.undo()
        raise
    return patches
