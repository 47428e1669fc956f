# SPDX-License-Identifier: Apache-2.0

"""The versioned objects: the door through which services are reached."""

from nova_sg.objects.service import ServiceGroupService
from nova_sg.objects.service import ServiceGroupServiceList

__all__ = [
    'ServiceGroupService',
    'ServiceGroupServiceList',
]
