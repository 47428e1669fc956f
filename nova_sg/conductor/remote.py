# SPDX-License-Identifier: Apache-2.0

"""A process without backends of its own: the conductor has them."""

from oslo_config import cfg

from nova_sg import context as sg_context
from nova_sg import servicegroup
from nova_sg.conductor import inventory
from nova_sg.conductor import membership
from nova_sg.conductor import records
from nova_sg.conductor import rpcapi
from nova_sg.notifications import base as notifications_base
from nova_sg.objects import base as objects_base
from nova_sg.servicegroup import driver as sg_driver
from nova_sg.servicegroup import loader
from nova_sg.servicegroup.membership import base as membership_base


class RemoteDriver(sg_driver.Driver):
    """A driver whose records are the conductor's."""

    def __init__(
        self, conf: cfg.ConfigOpts, conductor: rpcapi.ConductorAPI
    ) -> None:
        super().__init__(conf, records.RemoteRecords(conf, conductor))
        self._conductor = conductor
        self._membership: membership_base.Membership
        if loader.driver_class(conf).remote_beats:
            self._membership = membership.RemoteMembership(conf, conductor)
        else:
            driver = loader.load(conf, self.records)
            self._membership = membership.ProvenMembership(
                driver.membership,
                conductor,
                conf.conductor.beats_per_ping,
            )

    @property
    def membership(self) -> membership_base.Membership:
        return self._membership

    @property
    def history(self) -> records.RemoteHistory:
        return records.RemoteHistory(self._conductor)

    @property
    def characteristics(self) -> sg_driver.Characteristics:
        """What the conductor's driver declares."""
        context = sg_context.get_admin_context()
        facts = self._conductor.health(context)
        return sg_driver.Characteristics.of(
            facts.get('declared', facts['characteristics'])
        )


def setup(conf: cfg.ConfigOpts, *, waits: bool = False) -> servicegroup.API:
    """Make an API of this process, and objects, that call a conductor.

    Nothing here needs a database.

    :param waits: wait for a conductor that was not started yet; see
        :class:`rpcapi.ConductorAPI`
    :raises InvalidConfiguration: naming the option that cannot be used
    """
    conductor = rpcapi.ConductorAPI(conf, waits=waits)
    objects_base.Object.indirection_api = conductor
    return servicegroup.setup(
        conf,
        driver=RemoteDriver(conf, conductor),
        inventory=inventory.RemoteInventory(conf, conductor),
        # The conductor makes the changes, and tells of them.
        notifier=notifications_base.Silent(),
    )
