# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""The driver that nova_sg finds under the name ``toy``."""

from oslo_config import cfg

from nova_sg.servicegroup.drivers import base
from nova_sg.servicegroup.membership import base as membership_base
from nova_sg.servicegroup.records import base as records_base
from nova_sg_toy import membership


class ToyDriver(base.Driver):
    """Records and members in one directory."""

    default_records = 'toy'

    def __init__(
        self, conf: cfg.ConfigOpts, records: records_base.RecordStore
    ) -> None:
        super().__init__(conf, records)
        self._membership = membership.ToyMembership(conf)

    @property
    def membership(self) -> membership_base.Membership:
        return self._membership

    @property
    def characteristics(self) -> base.Characteristics:
        return base.Characteristics(
            durable=True,
            linearizable=True,
            per_worker=True,
            crash_detection=self.conf.servicegroup.service_down_time,
            member_details=True,
            remote_beats=False,
        )
