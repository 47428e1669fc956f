# SPDX-License-Identifier: Apache-2.0

"""The service group of one process: the one door to its services.

Everything above reaches services through this class, and nothing above knows
which driver is behind it. ``join``, ``service_is_up`` and
``get_updated_time`` have nova's own signatures, so that nova's code calls
them unchanged. What may be written is said by :mod:`.changes`, what "up"
means by :mod:`.verdicts`, why a service is down by :mod:`.departures`, what
was by :mod:`.past`.
"""

from collections.abc import Collection
from collections.abc import Hashable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import TypeVar
from typing import Unpack

from oslo_config import cfg
from oslo_log import log as logging

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg import instruments
from nova_sg import inventory as sg_inventory
from nova_sg import notifications
from nova_sg.inventory import base as inventory_base
from nova_sg.notifications import base as notifications_base
from nova_sg.servicegroup import changes
from nova_sg.servicegroup import collector
from nova_sg.servicegroup import departures
from nova_sg.servicegroup import deployment
from nova_sg.servicegroup import driver as sg_driver
from nova_sg.servicegroup import listed
from nova_sg.servicegroup import liveness as sg_liveness
from nova_sg.servicegroup import loader
from nova_sg.servicegroup import members
from nova_sg.servicegroup import past
from nova_sg.servicegroup import plugins
from nova_sg.servicegroup import record
from nova_sg.servicegroup import verdicts

LOG = logging.getLogger(__name__)

Context = sg_context.RequestContext

T = TypeVar('T')


class API(
    changes.Changes,
    members.Members,
    verdicts.Verdicts,
    departures.Departures,
    past.Past,
):
    """The servicegroup API of one process.

    :param conf: a loaded configuration
    :param driver: the driver to use; None for the configured one
    :param inventory: the inventory to use; None for the configured one
    :param notifier: is told of changes; None for the configured one
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
        self.driver = driver or loader.load(conf)
        self.inventory = inventory or sg_inventory.load(
            conf, has_database=self.driver.uses_database
        )
        self.notifier = notifier or notifications.load(conf)
        self.marker = plugins.our_marker(conf)
        self._checks_floor = checks_floor
        membership = self.driver.membership
        where = deployment.Deployment(self.marker, self.driver.marker_stores)
        members.Members.__init__(self, membership)
        verdicts.Verdicts.__init__(self, conf, membership, where)
        self._drop_verdict = self._knowledge.forget
        self._last_seen_up = self._knowledge.last_seen_up

    def check_deployment(self) -> None:
        """Refuse a backend that is of no use, at the start of a process.

        :raises DeploymentMismatch: it is of a deployment configured otherwise
        :raises ServiceGroupUnavailable: it cannot be asked
        """
        self._deployment.check()

    # Records

    def get_by_uuid(self, context: Context, uuid: str) -> record.Record:
        """Return a live record, or raise ``ServiceNotFound``."""
        self._deployment.check()
        return self.driver.records.get_by_uuid(context, uuid)

    def get_by_id(self, context: Context, service_id: int) -> record.Record:
        """Return a live record, or raise ``ServiceNotFound``."""
        self._deployment.check()
        return self.driver.records.get_by_id(context, service_id)

    def get_by_host_and_binary(
        self, context: Context, host: str, binary: str
    ) -> record.Record | None:
        """Return a live record, None without one."""
        self._deployment.check()
        return self.driver.records.get_by_host_and_binary(
            context, host, binary
        )

    def get_by_host_and_topic(
        self, context: Context, host: str, topic: str
    ) -> record.Record | None:
        """Return an enabled record, None without one."""
        self._deployment.check()
        return self.driver.records.get_by_host_and_topic(context, host, topic)

    def known(self, context: Context, uuids: Sequence[str]) -> set[str]:
        """Return those of the uuids that have a live record."""
        self._deployment.check()
        return self.driver.records.known(context, uuids)

    def list(
        self, context: Context, **filters: Unpack[record.Filters]
    ) -> tuple[Sequence[record.Record], Mapping[str, sg_liveness.Liveness]]:
        """Return records and, by uuid, their liveness.

        :returns: verdicts which may say that the state of a service is
            unknown; see ``liveness.Liveness.state``
        :raises ServiceGroupUnavailable: records cannot be read; or liveness
            cannot be, and nothing is known of any of them
        """
        self._deployment.check()
        with collector.paused():
            try:
                records, alive = self.driver.list(context, **filters)
            except exception.ServiceGroupUnavailable as error:
                self._unreadable(error)
                raise
            return records, self._of_listing(records, alive, filters)

    def render(
        self,
        context: Context,
        render: listed.Render[T],
        key: Hashable = None,
        *,
        set_zones: bool = True,
        **filters: Unpack[record.Filters],
    ) -> listed.Rendered[T]:
        """Return what is made of a list of services, part by part.

        As :meth:`list`, for a caller that needs no records. Where the driver
        can do without records, too, none are made. Whatever can fail has
        been done when this returns.

        :param render: makes something of a part; called again for the same
            one where reading was begun again
        :param key: two functions with the same key make the same bytes of a
            part, which may be kept; None: it is not to be kept
        :param set_zones: tell the zones, too, instead of empty ones
        :raises ServiceGroupUnavailable: as :meth:`list`
        """
        zoning = None if set_zones else inventory_base.NO_ZONES
        if self.driver.renders(key, **filters):
            self._deployment.check()
            host = filters.get('host')
            try:
                if zoning is None:
                    zoning = self.inventory.zoning(host and [host])
                rendered = self.driver.render(
                    context,
                    self._knowledge,
                    zoning,
                    render,
                    key,
                    **filters,
                )
            except exception.ServiceGroupUnavailable as error:
                # With the zones elsewhere this tells nothing of services.
                if self.driver.uses_database:
                    self._unreadable(error)
                raise
            if rendered is not None:
                return rendered
        records, alive = self.list(context, **filters)
        if zoning is None:
            zoning = self.inventory.zoning([each.host for each in records])
        parts = [render(part) for part in listed.parts(records, alive, zoning)]
        return listed.Rendered(lambda: parts)

    def of_hosts(
        self, context: Context, binary: str, hosts: Collection[str]
    ) -> tuple[Sequence[record.Record], Mapping[str, sg_liveness.Liveness]]:
        """Return the services of a binary on some hosts, with liveness.

        For a caller that needs few of very many services.

        :returns: as :meth:`list` does, in any order; no liveness where none
            can be told: a caller that asks for it later is told why
        :raises ServiceGroupUnavailable: records cannot be read
        """
        self._deployment.check()
        try:
            records = self.driver.records.of_hosts(context, binary, hosts)
        except exception.ServiceGroupUnavailable as error:
            self._unreadable(error)
            raise
        uuids = [each.uuid for each in records]
        try:
            return records, self.liveness(context, uuids) if uuids else {}
        except exception.ServiceGroupUnavailable:
            return records, {}

    def minimum_version(
        self, context: Context, binaries: Sequence[str]
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
        self, context: Context, binaries: Sequence[str]
    ) -> Mapping[str, int]:
        """Return the lowest version of each binary that has a service."""
        self._deployment.check()
        return self.driver.records.minimum_versions(context, binaries)

    def _unreadable(self, error: exception.ServiceGroupUnavailable) -> None:
        """Note that a list could not be read.

        Services could not beat either where records and memberships are in
        one backend. Else they would be down at once when it is back.
        """
        instruments.current.backend_answered(False)
        if self.driver.one_backend:
            self._knowledge.failed(error)

    def start_reading(self, context: Context) -> None:
        """Begin as a process that stays, and reads often.

        A driver that can keep a copy of what it reads begins to. An
        unreachable backend does not stop the process: each call will say so.

        :raises DeploymentMismatch: the backend belongs to another deployment
        """
        try:
            self._deployment.check()
        except exception.ServiceGroupUnavailable as error:
            LOG.warning('Starting without a backend: %s', error)
        self.driver.watch(context)
