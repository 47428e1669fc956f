# SPDX-License-Identifier: Apache-2.0

"""Methods of nova's REST API that more than one take-over stands around.

Each takes what is called in the place of the method, as
:class:`.takeover.Wrapped` does.
"""

import functools

from nova.api.openstack import wsgi
from nova.api.openstack.compute import availability_zone as nova_zones
from nova.api.openstack.compute import hypervisors as nova_hypervisors
from nova.api.openstack.compute import services as nova_services

from nova_sg.nova_tree import takeover

#: Calls the methods of all controllers.
DISPATCH = functools.partial(
    takeover.Wrapped,
    wsgi.Resource,
    'dispatch',
    ('self', 'method', 'request', 'action_args'),
)

#: Makes the list of os-services.
SERVICES = functools.partial(
    takeover.Wrapped,
    nova_services.ServiceController,
    '_get_services_list',
    ('self', 'req', 'additional_fields'),
)

#: Makes the lists of os-hypervisors.
HYPERVISORS = functools.partial(
    takeover.Wrapped,
    nova_hypervisors.HypervisorsController,
    '_get_hypervisors',
    ('self', 'req', 'detail', 'limit', 'marker', 'links'),
)

#: Makes the list of os-availability-zone with hosts.
ZONES = functools.partial(
    takeover.Wrapped,
    nova_zones.AvailabilityZoneController,
    '_describe_availability_zones_verbose',
    ('self', 'context', 'kwargs'),
)
