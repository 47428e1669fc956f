# SPDX-License-Identifier: Apache-2.0

"""The driver behind nova's ``servicegroup.API``.

The API makes its driver when it is made itself, by the name in
``servicegroup_driver``. Where ``[servicegroup] driver`` is set it gets one of
those here instead; unset, everything is nova's. nova's class stays what it
is: a dozen modules and nova's own tests hold on to it, and its rule that
``forced_down`` wins is ours as well.

Nothing is connected when a driver is made: nova makes many of them, in
filters and controllers, before it forks and before its conductor is ready.
"""

from collections.abc import Callable
from collections.abc import Iterator
import datetime
import time
from typing import Any

from nova import conf as nova_conf
from nova.servicegroup import api as nova_api
from nova.servicegroup.drivers import db as nova_db
from oslo_log import log as logging
from oslo_utils import uuidutils

from nova_sg import exception
from nova_sg import servicegroup
from nova_sg.nova_tree import cells
from nova_sg.nova_tree import novas_scheme
from nova_sg.nova_tree import owner
from nova_sg.nova_tree import takeover
from nova_sg.nova_tree import unread
from nova_sg.nova_tree import verdicts
from nova_sg.nova_tree.grouped import driver as grouped
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import member as sg_member

CONF = nova_conf.CONF
LOG = logging.getLogger(__name__)


class ServiceGroupDriver(takeover.Takeover):
    """What ``servicegroup.API`` has for a driver."""

    name = 'the driver of servicegroup.API'

    def wrapped(self) -> Iterator[takeover.Wrapped]:
        yield takeover.Wrapped(
            nova_api.API, '__init__', ('self', 'args', 'kwargs'), _make
        )

    def check(self) -> None:
        super().check()
        for where, name, *parameters in (
            (nova_api.API, 'join', 'self', 'member', 'group', 'service'),
            (nova_api.API, 'service_is_up', 'self', 'member'),
            (nova_api.API, 'get_updated_time', 'self', 'member'),
            (nova_db.DbDriver, 'is_up', 'self', 'service_ref'),
            (nova_db.DbDriver, '_report_state', 'self', 'service'),
        ):
            self.expect_function(where, name, *parameters)


def _make(
    novas: Callable[..., None], api: Any, *args: Any, **kwargs: Any
) -> None:
    # It sees to service_down_time, too.
    novas(api, *args, **kwargs)
    owner.check()
    if owner.groups_beats():
        api._driver = grouped.GroupedDriver()
    elif owner.has_novas_scheme():
        api._driver = novas_scheme.NovasSchemeDriver()
    elif owner.driver() is not None:
        api._driver = OwnerDriver()


class OwnerDriver(verdicts.VerdictDriver):
    """nova's servicegroup driver that asks the servicegroup API of nova_sg."""

    def __init__(self) -> None:
        super().__init__()
        # Read once, as nova reads service_down_time. A scheduler asks about
        # thousands of services for each boot.
        self._report_interval: int = CONF.report_interval
        self._joined: servicegroup.API | None = None

    def join(self, member: str, group: str, service: Any = None) -> None:
        """Join, write the first beat, and beat from the service's timer.

        :raises InvalidConfiguration: the record is in another cell than the
            one this process is configured for
        """
        mine = service.service_ref
        if not uuidutils.is_uuid_like(sg_member.field(mine, 'uuid')):
            # A row of nova's older than its uuids, with records = sql.
            LOG.error(
                '%(member)s cannot join %(group)s: its service has no uuid. '
                'Delete the service, and start it again.',
                {'member': member, 'group': group},
            )
            return
        self._joined = _owner()
        context = cells.Context(mine._context)
        try:
            self._joined.join(member, group, service, context)
        except exception.ServiceNotFound as error:
            cell = context.cell_uuid or CONF.servicegroup.cell
            raise exception.InvalidConfiguration(
                option='[servicegroup] cell',
                reason=f'{mine.binary} on host {mine.host}, service '
                f'{mine.uuid}, is not in cell {cell}: set the cell that its '
                'conductor has',
            ) from error

    def leave(self, service: Any) -> None:
        """Leave what was joined here; the service is down at once."""
        if self._joined is not None:
            self._joined.leave(service)

    def verdict(self, service_ref: Any) -> liveness.Liveness | None:
        """Return what is known of a service that nova_sg knows.

        Liveness that was read with a list counts for as long as a change may
        take to show, so that the services of a list are not asked for one by
        one.

        :raises ServiceGroupUnavailable: nothing is known of it, or it stands
            for a compute that could not be read
        """
        read: liveness.Liveness | None = getattr(service_ref, 'liveness', None)
        if read is not None and read.state != liveness.UNKNOWN:
            age = time.monotonic() - read.known_at
            if age < self._report_interval:
                return read
        if unread.is_one(service_ref):
            raise unread.unavailable(service_ref)
        context = cells.Context(getattr(service_ref, '_context', None))
        return _owner().liveness_of(service_ref, context)

    def updated_time(self, service_ref: Any) -> datetime.datetime | None:
        """Return when a service last changed or beat.

        Naive for a row and aware for an object, as its own times are.
        """
        moment = _owner().get_updated_time(service_ref)
        own = service_ref['updated_at']
        if moment is not None and own is not None and own.tzinfo is None:
            return moment.replace(tzinfo=None)
        return moment


#: What :func:`_make` may put behind the API.
DRIVERS = (OwnerDriver, novas_scheme.NovasSchemeDriver, grouped.GroupedDriver)


def _owner() -> servicegroup.API:
    api = owner.get()
    if api is None:
        raise RuntimeError('[servicegroup] driver was changed while in use')
    return api
