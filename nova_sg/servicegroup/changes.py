# SPDX-License-Identifier: Apache-2.0

"""What may be written of a service, and in which order."""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import dataclasses
from typing import Any

from oslo_config import cfg
from oslo_log import log as logging

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg.inventory import base as inventory_base
from nova_sg.notifications import base as notifications_base
from nova_sg.servicegroup import deployment
from nova_sg.servicegroup import driver as sg_driver
from nova_sg.servicegroup import record
from nova_sg.servicegroup.records import change

LOG = logging.getLogger(__name__)

Context = sg_context.RequestContext

NEW_SERVICE_DISABLED = 'New compute service, disabled by enable_new_services'


@dataclasses.dataclass
class _Once:
    """A change that is about to be made.

    :param context: bears its token
    :param made: the record, where the change was made already
    """

    context: Context
    made: record.Record | None = None


class Changes:
    """The changes of records.

    The part of ``servicegroup.API`` that an operator calls, and a service
    that registers itself.
    """

    conf: cfg.ConfigOpts
    driver: sg_driver.Driver
    inventory: inventory_base.Inventory
    notifier: notifications_base.Notifier
    _deployment: deployment.Deployment
    _checks_floor: bool
    #: Takes the uuid of a service.
    _drop_verdict: Callable[[str], None]

    def create(
        self, context: Context, values: Mapping[str, Any]
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
        self._announce(context, created)
        self.notifier.changed(context, 'create', created)
        return created

    def update(
        self, context: Context, uuid: str, changes: Mapping[str, Any]
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
                    binary = self.driver.records.get_by_uuid(
                        context, uuid
                    ).binary
                self._check_floor(context, binary, changes['version'])
        context = once.context
        updated = once.made or self.driver.records.update(
            context, uuid, changes
        )
        if not notifications_base.TOLD.isdisjoint(changes):
            self.notifier.changed(context, 'update', updated)
        return updated

    def destroy(self, context: Context, uuid: str) -> None:
        """Take a service away: compute nodes, membership, record.

        Each step can be repeated, so that after a failure the same call
        finishes what the first began.

        :raises ServiceNotFound: there is no live record
        :raises HostHasInstances: instances are recorded on a compute's host
        """
        with self._once(context, uuid) as once:
            self._deployment.check(claim=True)
            gone = self.driver.records.get_by_uuid(context, uuid)
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

    def forget(self, context: Context, uuid: str) -> None:
        """Take membership and record of a service away.

        For a caller that takes the compute nodes away and tells of it by
        itself; see :meth:`destroy`.

        :raises ServiceNotFound: there is no live record
        """
        with self._once(context, uuid) as once:
            self._deployment.check(claim=True)
        context = once.context
        if not once.made:
            self.driver.membership.forget(context, uuid)
            self.driver.records.destroy(context, uuid)
        self._drop_verdict(uuid)

    @contextlib.contextmanager
    def _once(self, context: Context, uuid: str | None) -> Iterator[_Once]:
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

    def _announce(self, context: Context, created: record.Record) -> None:
        """Have a new service expected until it joins.

        Its record is there, whatever the membership's backend does.
        """
        try:
            self.driver.membership.announce(context, created)
        except exception.NovaSgException as error:
            LOG.debug('Not announcing %s: %s', created.uuid, error)
        except RuntimeError as error:
            # No thread can be started that would end the announcement.
            LOG.warning(
                'Not announcing %(named)s, which is down until it joins: '
                '%(error)s',
                {'named': record.named([created], 1), 'error': error},
            )

    def _tell_of_destroyed(self, context: Context, uuid: str) -> None:
        """Tell of a service that an earlier attempt took away.

        The attempt may have ended before it told; consumers take two.
        """
        try:
            traces = self.driver.records.traces(context)
        except exception.NovaSgException as error:
            LOG.warning('Cannot send service.delete of %s: %s', uuid, error)
            return
        for trace in traces:
            if trace.uuid == uuid:
                self.notifier.changed(context, 'delete', trace)

    def _check_floor(
        self, context: Context, binary: str | None, version: int | None
    ) -> None:
        """Refuse what is older than everything there (nova's rule)."""
        if version is None or binary is None:
            return
        versions = self.driver.records.minimum_versions(context, [binary])
        floor = versions.get(binary, 0)
        if version < floor:
            raise exception.ServiceTooOld(thisver=version, minver=floor)
