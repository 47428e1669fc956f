# SPDX-License-Identifier: Apache-2.0

"""The versioned objects: the door through which services are reached."""

# The first of all: see there.
from nova_sg.objects import _light  # noqa: F401
from nova_sg.objects.service import ServiceGroupService
from nova_sg.objects.service_list import ServiceGroupServiceList

__all__ = [
    'ServiceGroupService',
    'ServiceGroupServiceList',
]
