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

"""Versions of RPC interfaces, held back while a deployment is upgraded."""

import copy

from oslo_config import cfg

upgrade_levels_group = cfg.OptGroup(
    'upgrade_levels',
    title='Upgrade levels',
    help="""
The RPC versions that this process may send during a rolling upgrade.

Versions of objects need no option: a newer conductor sends older ones to who
asks for them, and an older one is sent what it knows.
""",
)

upgrade_levels_opts = [
    cfg.StrOpt(
        'conductor',
        regex=r'^(auto|\d+\.\d+)$',
        help="""
The highest version of the conductor's RPC interface to send, as ``1.0``.

Unset, or ``auto`` as a nova.conf may say, the newest this code knows. Set it
to what the oldest conductor of the deployment serves while there are older
ones, and unset it afterwards.
""",
    ),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    # Else oslo.config would share what is set among all configurations.
    conf.register_group(copy.deepcopy(upgrade_levels_group))
    conf.register_opts(upgrade_levels_opts, group=upgrade_levels_group)


def list_opts() -> dict[cfg.OptGroup, list[cfg.Opt]]:
    return {upgrade_levels_group: upgrade_levels_opts}
