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

"""The two zones every deployment has; names and group are nova's."""

from oslo_config import cfg

availability_zone_opts = [
    cfg.StrOpt(
        'default_availability_zone',
        default='nova',
        help="""
The zone of a compute host which is in no aggregate with a zone.
""",
    ),
    cfg.StrOpt(
        'internal_service_availability_zone',
        default='internal',
        help="""
The zone shown for services other than nova-compute.
""",
    ),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    conf.register_opts(availability_zone_opts)


def list_opts() -> dict[str, list[cfg.Opt]]:
    return {'DEFAULT': availability_zone_opts}
