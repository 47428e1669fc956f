# SPDX-License-Identifier: Apache-2.0

"""Everything that is taken over, in the order in which it is."""

from nova import objects
from oslo_log import log as logging

from nova_sg.nova_tree import cell0
from nova_sg.nova_tree import door
from nova_sg.nova_tree import endpoint
from nova_sg.nova_tree import functions
from nova_sg.nova_tree import hypervisors
from nova_sg.nova_tree import instances
from nova_sg.nova_tree import monitoring
from nova_sg.nova_tree import options
from nova_sg.nova_tree import recording
from nova_sg.nova_tree import release
from nova_sg.nova_tree import servicegroup
from nova_sg.nova_tree import serving
from nova_sg.nova_tree import statistics
from nova_sg.nova_tree import stop
from nova_sg.nova_tree import takeover
from nova_sg.nova_tree import unavailable
from nova_sg.nova_tree import unknown
from nova_sg.nova_tree import validation
from nova_sg.nova_tree.grouped import serving as beats_serving
from nova_sg.nova_tree.lists import hypervisors as hypervisors_list
from nova_sg.nova_tree.lists import services as services_list
from nova_sg.nova_tree.lists import zones as zones_list

LOG = logging.getLogger(__name__)

#: The options come first: all others read them.
TAKEOVERS: tuple[type[takeover.Takeover], ...] = (
    options.Options,
    functions.ServiceFunctions,
    door.ServiceObjects,
    endpoint.ConductorEndpoint,
    beats_serving.ConductorBeats,
    servicegroup.ServiceGroupDriver,
    serving.Serving,
    monitoring.Monitoring,
    recording.Recording,
    stop.ServiceStop,
    instances.InstanceServices,
    statistics.ComputeNodeStatistics,
    hypervisors.HypervisorServices,
    unavailable.Unavailable,
    unknown.UnknownServices,
    cell0.ServicesOfAllCells,
    validation.ResponseValidation,
    services_list.ServicesList,
    hypervisors_list.HypervisorsList,
    zones_list.ZonesList,
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
    _warn_of_unknown_release()
    patches = takeover.Patches()
    try:
        for each in there:
            each.take(patches)
    except BaseException:
        patches.undo()
        raise
    return patches


def _warn_of_unknown_release() -> None:
    """Say so where nova fits by its looks only."""
    version = release.unknown()
    if version is not None:
        LOG.warning(
            'nova_sg was not tested with nova %(version)s, but with the '
            'releases %(known)s. What it takes over in nova looks as it '
            'should, so nova starts.',
            {
                'version': version,
                'known': ', '.join(map(str, release.KNOWN)),
            },
        )
