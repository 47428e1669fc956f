# SPDX-License-Identifier: Apache-2.0

"""The driver that nova_sg finds under the name ``toy``."""

from collections.abc import Mapping
from collections.abc import Sequence

from oslo_config import cfg

from nova_sg.servicegroup import driver
from nova_sg.servicegroup.membership import base as membership_base
from nova_sg.servicegroup.records import known
from nova_sg_toy import membership
from nova_sg_toy import options


class ToyDriver(driver.Driver):
    """Records and members in one directory."""

    default_records = 'toy'

    def __init__(
        self, conf: cfg.ConfigOpts, records: known.KnownRecords
    ) -> None:
        super().__init__(conf, records)
        self._membership = membership.ToyMembership(conf)

    @classmethod
    def list_opts(cls) -> Mapping[cfg.OptGroup, Sequence[cfg.Opt]]:
        return {options.toy_group: options.toy_opts}

    @property
    def membership(self) -> membership_base.Membership:
        return self._membership

    @property
    def characteristics(self) -> driver.Characteristics:
        return driver.Characteristics(
            durable=True,
            linearizable=True,
            per_worker=True,
            crash_detection=self.conf.servicegroup.service_down_time,
            member_details=True,
            remote_beats=False,
            monotonic_reads=True,
        )
