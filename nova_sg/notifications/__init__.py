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

"""What consumers are told of services, whichever door a change came by."""

from oslo_config import cfg

from nova_sg.notifications import base

#: What the option says where nothing is sent: services have no other format.
UNVERSIONED = 'unversioned'


def load(conf: cfg.ConfigOpts) -> base.Notifier:
    """Return the configured notifier.

    :param conf: a loaded configuration
    """
    if conf.notifications.notification_format == UNVERSIONED:
        return base.Silent()
    # Imported here: who sends nothing needs no message bus.
    from nova_sg.notifications import versioned

    return versioned.VersionedNotifier(conf)
