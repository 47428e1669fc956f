# SPDX-License-Identifier: Apache-2.0

"""A service that is stopped leaves its group.

nova's ``Service.stop`` ends the timers and leaves the service up until its
last beat is old. With a driver of nova_sg, the service leaves at the end, when
its requests are finished and its timers stopped. Until then it can be called,
and is up.
"""

from collections.abc import Callable
from collections.abc import Iterator
from typing import Any

from nova import conf as nova_conf
from nova import service as nova_service
from oslo_log import log as logging

from nova_sg.nova_tree import servicegroup
from nova_sg.nova_tree import takeover

CONF = nova_conf.CONF
LOG = logging.getLogger(__name__)


class ServiceStop(takeover.Takeover):
    """``nova.service.Service.stop``."""

    name = 'nova.service.Service.stop'

    def wrapped(self) -> Iterator[takeover.Wrapped]:
        yield takeover.Wrapped(nova_service.Service, 'stop', ('self',), _stop)


def _stop(novas: Callable[[Any], None], service: Any) -> None:
    try:
        novas(service)
    finally:
        _leave(service)


def _leave(service: Any) -> None:
    driver = getattr(service.servicegroup_api, '_driver', None)
    mine = getattr(service, 'service_ref', None)
    if mine is None or not isinstance(driver, servicegroup.DRIVERS):
        return
    try:
        driver.leave(service)
    except Exception as error:
        # The service stops in any case: its caller has more to stop.
        LOG.warning(
            'Cannot tell the backend that %(binary)s on host %(host)s has '
            'stopped, it will be down within %(seconds)d s: %(error)s',
            {
                'binary': mine.binary,
                'host': mine.host,
                'seconds': CONF.service_down_time,
                'error': error,
            },
        )
