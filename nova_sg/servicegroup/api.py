# SPDX-License-Identifier: Apache-2.0

"""The rules: what "up" means, what may be written, in which order.

Everything above reaches services through this class, and nothing above knows
which driver is behind it. ``join``, ``service_is_up`` and
``get_updated_time`` have nova's own signatures, so that nova's code calls
them unchanged.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
import dataclasses
import datetime
from typing import Any

from oslo_config import cfg
from oslo_log import log as logging

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg import inventory as sg_inventory
from nova_sg import notifications
from nova_sg.inventory import base as inventory_base
from nova_sg.notifications import base as notifications_base
from nova_sg.servicegroup import collector
from nova_sg.servicegroup import deployment
from nova_sg.servicegroup import driver as sg_driver
from nova_sg.servicegroup import heartbeat
from nova_sg.servicegroup import liveness as sg_liveness
from nova_sg.servicegroup import loader
from nova_sg.servicegroup import member as sg_member
from nova_sg.servicegroup import record
from nova_sg.servicegroup import verdicts
from nova_sg.servicegroup.membership import base as membership_base
from nova_sg.servicegroup.records import change

LOG = logging.getLogger(__name__)

#: Beats for services, and returns the uuids whose record is gone.
Report = Callable[[sg_context.RequestContext, Sequence[str]], Sequence[str]]

NEW_SERVICE_DISABLED = 'New compute service, disabled by enable_new_services'


@dataclasses.dataclass
class _Once:
    """A change that is about to be made.

    :param context: bears its token
    :param made: the record, where the change was made already
    """

    context: sg_context.RequestContext
    made: record.Record | None = None


class API:
    """The servicegroup API of one process.

    :param conf: a loaded configuration
    :param driver: the driver to use; None for the configured one
    :param inventory: the inventory to use; None for the configured one
    :param notifier: whom to tell of changes; None for the configured one
    :param checks_floor: whether what is older than everything there is
        refused here; False where the caller sees to that
    :raises InvalidConfiguration: naming the option that cannot be used
    """

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        driver: sg_driver.Driver | None = None,
        inventory: inventory_base.Inventory | None = None,
        notifier: notifications_base.Notifier | None = None,
        *,
        checks_floor: bool = True,
    ) -> None:
        self.conf = conf
        self._checks_floor = checks_floor
        self.driver = driver or loader.load(conf)
        self.inventory = inventory or sg_inventory.load(conf)
        self.notifier = notifier or notifications.load(conf)
        self.marker = loader.our_marker(conf)
        self._deployment = deployment.Deployment(
            self.marker, self.driver.marker_stores
        )
        self._verdicts = verdicts.Verdicts(conf, self.driver.membership)
        self._handles: dict[str, membership_base.Handle] = {}
        self._beating: dict[str, list[membership_base.Handle]] = {}
        self._report: Report = self.driver.membership.report

    def check_deployment(self) -> None:
        """Refuse a backend that is of no use, at the start of a process.

        :raises DeploymentMismatch: it is of a deployment configured otherwise
        :raises ServiceGroupUnavailable: it cannot be asked
        """
        self._deployment.check()

    # Records

    def create(
        self, context: sg_context.RequestContext, values: Mapping[str, Any]
    ) -> record.Record:
        """Register a service.

        :param values: fields of ``record.CREATE_FIELDS``. Without a host,
            which nova's table takes, a service is not found by its names.
        :raises InvalidInput: a value is not acceptable
        :raises ServiceTooOld: its version is below the deployment's
        :raises ServiceBinaryExists, ServiceTopicExists: it is registered
        """
        record.check_values(values, record.CREATE_FIELDS)
        if not values.get('binary'):
            raise exception.InvalidInput(reason='a service needs a binary')
        with self._once(context, values.get('uuid')) as once:
            self._deployment.check(claim=True)
            if self._checks_floor:
                self._check_floor(
                    context, values['binary'], values.get('version')
                )
        context = once.context
        values = {'host': None, **values}
        if (
            values['binary'] == inventory_base.COMPUTE_BINARY
            and not self.conf.enable_new_services
        ):
            values['disabled'] = True
            values['disabled_reason'] = NEW_SERVICE_DISABLED
        created = once.made or self.driver.records.create(context, values)
        # The record is there, whatever the membership's backend does.
        with contextlib.suppress(exception.ServiceGroupUnavailable):
            self.driver.membership.announce(context, created)
        self.notifier.changed(context, 'create', created)
        return created

    def get_by_uuid(
        self, context: sg_context.RequestContext, uuid: str
    ) -> record.Record:
        """Return a live record, or raise ``ServiceNotFound``."""
        self._deployment.check()
        return self.driver.records.get_by_uuid(context, uuid)

    def get_by_id(
        self, context: sg_context.RequestContext, service_id: int
    ) -> record.Record:
        """Return a live record, or raise ``ServiceNotFound``."""
        self._deployment.check()
        return self.driver.records.get_by_id(context, service_id)

    def get_by_host_and_binary(
        self, context: sg_context.RequestContext, host: str, binary: str
    ) -> record.Record | None:
        """Return a live record, None without one."""
        self._deployment.check()
        return self.driver.records.get_by_host_and_binary(
            context, host, binary
        )

    def get_by_host_and_topic(
        self, context: sg_context.RequestContext, host: str, topic: str
    ) -> record.Record | None:
        """Return an enabled record, None without one."""
        self._deployment.check()
        return self.driver.records.get_by_host_and_topic(context, host, topic)

    def list(
        self,
        context: sg_context.RequestContext,
        *,
        host: str | None = None,
        binary: str | None = None,
        topic: str | None = None,
        disabled: bool | None = None,
    ) -> tuple[Sequence[record.Record], Mapping[str, sg_liveness.Liveness]]:
        """Return records and, by uuid, their liveness.

        :returns: verdicts which may say that the state of a service is
            unknown; see ``liveness.Liveness.state``
        :raises ServiceGroupUnavailable: records cannot be read; or liveness
            cannot be, and nothing is known of any of them
        """
        self._deployment.check()
        try:
            records, alive = self.driver.list(
                context,
                host=host,
                binary=binary,
                topic=topic,
                disabled=disabled,
            )
        except exception.ServiceGroupUnavailable as error:
            if self.driver.one_backend:
                self._verdicts.failed(error)
            raise
        return records, self._verdicts.of_listing(records, alive)

    def update(
        self,
        context: sg_context.RequestContext,
        uuid: str,
        changes: Mapping[str, Any],
    ) -> record.Record:
        """Change fields of a record, and only those.

        :param changes: fields of ``record.UPDATE_FIELDS``
        :raises InvalidInput: a value is not acceptable
        :raises ServiceTooOld: the version is below the deployment's
        :raises ServiceNotFound: there is no live record
        """
        record.check_values(changes, record.UPDATE_FIELDS)
        with self._once(context, uuid) as once:
            self._deployment.check(claim=True)
            if self._checks_floor and 'version' in changes:
                binary = changes.get('binary')
                if binary is None:
                    binary = self.get_by_uuid(context, uuid).binary
                self._check_floor(context, binary, changes['version'])
        context = once.context
        updated = once.made or self.driver.records.update(
            context, uuid, changes
        )
        if not notifications_base.TOLD.isdisjoint(changes):
            self.notifier.changed(context, 'update', updated)
        return updated

    def destroy(self, context: sg_context.RequestContext, uuid: str) -> None:
        """Take a service away: compute nodes, membership, record.

        Each step can be repeated, so that after a failure the same call
        finishes what the first began.

        :raises ServiceNotFound: there is no live record
        :raises HostHasInstances: instances are recorded on a compute's host
        """
        with self._once(context, uuid) as once:
            self._deployment.check(claim=True)
            gone = self.get_by_uuid(context, uuid)
            is_compute = gone.binary == inventory_base.COMPUTE_BINARY
            count = (
                self.inventory.count_instances(gone.host)
                if is_compute and gone.host
                else 0
            )
            if count:
                raise exception.HostHasInstances(host=gone.host, count=count)
        context = once.context
        if once.made:
            self._tell_of_destroyed(context, uuid)
            return
        if is_compute and gone.host:
            self.inventory.leave_aggregates(gone.host)
            self.inventory.remove_compute_nodes(gone.host)
        self.forget(context, uuid)
        self.notifier.changed(context, 'delete', gone)

    def forget(self, context: sg_context.RequestContext, uuid: str) -> None:
        """Take membership and record of a service away.

        For who has taken its compute nodes away, and tells of it; see
        :meth:`destroy`.

        :raises ServiceNotFound: there is no live record
        """
        with self._once(context, uuid) as once:
            self._deployment.check(claim=True)
        context = once.context
        if not once.made:
            self.driver.membership.forget(context, uuid)
            self.driver.records.destroy(context, uuid)
        self._verdicts.forget(uuid)

    def minimum_version(
        self, context: sg_context.RequestContext, binaries: Sequence[str]
    ) -> int:
        """Return the lowest version among live services of these binaries.

        :param binaries: names beginning with ``nova-``
        :returns: 0 where there is no such service
        :raises ObjectActionError: a name is not a binary of nova's
        """
        if not all(binary.startswith('nova-') for binary in binaries):
            raise exception.ObjectActionError(
                action='get_minimum_version', reason='Invalid binary prefix'
            )
        return min(
            self.minimum_versions(context, binaries).values(), default=0
        )

    def minimum_versions(
        self, context: sg_context.RequestContext, binaries: Sequence[str]
    ) -> Mapping[str, int]:
        """Return the lowest version of each binary that has a service."""
        self._deployment.check()
        return self.driver.records.minimum_versions(context, binaries)

    # Membership

    def join(
        self,
        member: str,
        group: str,
        service: Any = None,
        context: sg_context.RequestContext | None = None,
    ) -> None:
        """Add a service to its group and beat for it from its own timers.

        nova's signature. The first beat is written before this returns.

        :param member: the host; named in messages
        :param group: the topic; named in messages
        :param service: has ``service_ref``, its service object;
            ``report_interval``, seconds; and ``tg``, a thread group with
            ``add_timer_args``
        :param context: names the cell of the service; None for this one
        :raises InvalidInput: there is no service
        :raises ServiceNotFound: the record is gone
        """
        if service is None:
            raise exception.InvalidInput(
                reason=f'{member} cannot join {group} without its service'
            )
        context = context or sg_context.get_admin_context()
        handles = list(
            self.join_many(context, [sg_member.identity(service.service_ref)])
        )
        if not handles:
            raise exception.ServiceNotFound(
                service_id=service.service_ref.uuid
            )
        interval = service.report_interval
        if interval:
            beats = heartbeat.Heartbeat(
                self.driver.membership, context, interval
            )
            service.tg.add_timer_args(
                interval,
                beats.beat,
                args=[handles],
                initial_delay=heartbeat.first_delay(interval),
            )
            self._beating[handles[0].uuid] = handles

    def join_many(
        self,
        context: sg_context.RequestContext,
        joined: Sequence[record.Record],
    ) -> Sequence[membership_base.Handle]:
        """Join for many services; whoever calls this beats for them.

        :returns: handles, without those whose record is gone
        """
        self._deployment.check(claim=True)
        handles = self.driver.membership.join_many(context, joined)
        self._handles.update((handle.uuid, handle) for handle in handles)
        for handle in handles:
            # It was down a moment ago, perhaps, and is up now.
            self._verdicts.forget(handle.uuid)
        return handles

    def leave(self, member: str, group: str, service: Any = None) -> None:
        """Take a service that joined here out of its group, at once.

        :param member: the host
        :param group: the topic
        :param service: what was given to :meth:`join`
        """
        if service is None:
            raise exception.InvalidInput(
                reason=f'{member} cannot leave {group} without its service'
            )
        uuid = service.service_ref.uuid
        # A timer that ticks once more must not bring the service back.
        self._beating.pop(uuid, []).clear()
        handle = self._handles.pop(uuid, None)
        if handle is not None:
            handle.leave(sg_context.get_admin_context())
            self._verdicts.forget(uuid)

    def leave_all(self, context: sg_context.RequestContext) -> None:
        """Take every service that joined here out of its group, at once."""
        handles = list(self._handles.values())
        self._handles.clear()
        for beating in self._beating.values():
            beating.clear()
        self._beating.clear()
        if handles:
            self.driver.membership.leave_many(context, handles)
        for handle in handles:
            self._verdicts.forget(handle.uuid)

    def report_state(
        self, context: sg_context.RequestContext, uuid: str
    ) -> None:
        """Beat once for a service.

        :raises ServiceNotFound: the record is gone
        :raises ServiceNotJoined: it joined in another process, and the
            driver takes beats only from there
        """
        handle = self._handles.get(uuid)
        if handle is not None:
            handle.beat(context)
            return
        if self.report_many(context, [uuid]):
            raise exception.ServiceNotFound(service_id=uuid)

    def report_many(
        self, context: sg_context.RequestContext, uuids: Sequence[str]
    ) -> Sequence[str]:
        """Beat once for services which joined in other processes.

        :returns: the uuids whose record is gone
        :raises ServiceNotJoined: the driver takes no such beats
        """
        self._deployment.check(claim=True)
        return self._report(context, uuids)

    def report_through(self, report: Report) -> None:
        """Have beats from other processes written by somebody else.

        :param report: takes and returns what ``Membership.report`` does
        """
        self._report = report

    def admit(
        self, context: sg_context.RequestContext, uuids: Sequence[str]
    ) -> Mapping[str, Any]:
        """Join for services of other processes; see ``Membership.admit``."""
        self._deployment.check(claim=True)
        return self.driver.membership.admit(context, uuids)

    # Verdicts

    def service_is_up(
        self, member: Any, context: sg_context.RequestContext | None = None
    ) -> bool:
        """Return whether a service is up.

        nova's signature. ``forced_down`` wins over the membership.

        :param member: a service object, a record, a database row or a dict
        :param context: names the cell of the service; None for this one
        :raises ServiceGroupUnavailable: the backend cannot be asked, and
            nothing is known of this service
        """
        if sg_member.field(member, 'forced_down'):
            return False
        self._deployment.check()
        return self._verdicts.is_up(member, context)

    def liveness_of(
        self, member: Any, context: sg_context.RequestContext | None = None
    ) -> sg_liveness.Liveness | None:
        """Return the membership's verdict about one service.

        For who has seen to ``forced_down``, and has a rule of its own for
        what the backend does not know; see :meth:`service_is_up`.

        :param member: as there
        :param context: as there
        :returns: None where the backend does not know it
        :raises ServiceGroupUnavailable: as there
        """
        self._deployment.check()
        return self._verdicts.of(member, context)

    def get_updated_time(self, member: Any) -> datetime.datetime | None:
        """Return when a service last changed or beat, whichever is newer.

        nova's signature; what REST shows as ``updated_at``.

        :param member: as for :meth:`service_is_up`
        """
        return self._verdicts.updated_time(member)

    def liveness(
        self, context: sg_context.RequestContext, uuids: Iterable[str]
    ) -> Mapping[str, sg_liveness.Liveness]:
        """Return what is known of many services, by uuid.

        :returns: without those the backend does not know; with those of
            which it is unknown whether they are up
        :raises ServiceGroupUnavailable: the backend cannot be asked, and
            nothing is known of any of them
        """
        self._deployment.check()
        with collector.paused():
            return self._verdicts.ask(context, uuids)

    @property
    def knowledge_age(self) -> float:
        """Seconds since the backend last answered; 0.0 while it does."""
        return self._verdicts.age

    def start_reading(self, context: sg_context.RequestContext) -> None:
        """Begin as a process that stays, and reads often.

        A driver that can keep a copy of what it reads begins to. A backend
        that is away does not stop the process: each call will say so.

        :raises DeploymentMismatch: the backend belongs to another deployment
        """
        try:
            self._deployment.check()
        except exception.ServiceGroupUnavailable as error:
            LOG.warning('Starting without a backend: %s', error)
        self.driver.watch(context)

    # Rules

    @contextlib.contextmanager
    def _once(
        self, context: sg_context.RequestContext, uuid: str | None
    ) -> Iterator['_Once']:
        """Check whether a change may be made, unless it was made already.

        A call from another process bears its token, and may be one that is
        sent again. What would refuse it may have come after the change::

            t=0  conductor A makes a change; its answer is lost
            t=1  another operator destroys the service
            t=2  conductor B gets the change: ServiceNotFound would say that
                 nothing was done

        So the store is asked for the token before a refusal is told, and
        else not at all.

        :param context: of the call
        :param uuid: of the service; None for a new one
        """
        once = _Once(change.for_one(context))
        try:
            yield once
        except exception.NovaSgException:
            if once.context is context:
                once.made = self.driver.records.made(context, uuid)
            if once.made is None:
                raise

    def _tell_of_destroyed(
        self, context: sg_context.RequestContext, uuid: str
    ) -> None:
        """Tell of a service that an earlier attempt took away.

        The attempt may have ended before it told; consumers take two.
        """
        try:
            traces = self.driver.records.traces(context)
        except exception.NovaSgException as error:
            LOG.warning('Not telling that %s was deleted: %s', uuid, error)
            return
        for trace in traces:
            if trace.uuid == uuid:
                self.notifier.changed(context, 'delete', trace)

    def _check_floor(
        self,
        context: sg_context.RequestContext,
        binary: str | None,
        version: int | None,
    ) -> None:
        """Refuse what is older than everything there (nova's rule)."""
        if version is None or binary is None:
            return
        versions = self.driver.records.minimum_versions(context, [binary])
        floor = versions.get(binary, 0)
        if version < floor:
            raise exception.ServiceTooOld(thisver=version, minver=floor)
