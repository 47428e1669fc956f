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

"""What the sample configuration generator lists."""

from oslo_config import cfg

from nova_sg import conf


def list_opts() -> list[tuple[cfg.OptGroup | str, list[cfg.Opt]]]:
    """Return every option of nova_sg, by group.

    oslo.db, oslo.log and oslo.messaging list their own under their own entry
    points.
    """
    groups: dict[cfg.OptGroup | str, list[cfg.Opt]] = {}
    for module in conf.MODULES:
        if module not in (conf.database, conf.transport):
            for group, options in module.list_opts().items():
                groups.setdefault(group, []).extend(options)
    return list(groups.items())


def set_lib_defaults() -> None:
    """Show our defaults where the options are a library's."""
    conf.set_log_defaults()
    conf.database.set_lib_defaults()
    conf.transport.set_lib_defaults()
