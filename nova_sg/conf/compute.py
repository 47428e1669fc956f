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

"""What happens to a compute host that is new; name and group are nova's."""

from oslo_config import cfg

compute_opts = [
    cfg.BoolOpt(
        'enable_new_services',
        default=True,
        help="""
Whether a newly created nova-compute service is enabled.

Set it to false to look at new hosts before they receive instances; such a
service says so in its ``disabled_reason``.
""",
    ),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    conf.register_opts(compute_opts)


def list_opts() -> dict[str, list[cfg.Opt]]:
    return {'DEFAULT': compute_opts}
