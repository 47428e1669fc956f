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

"""What is told on the message bus; names and defaults are nova's."""

import copy

from oslo_config import cfg

notifications_group = cfg.OptGroup(
    'notifications',
    title='Notifications options',
    help="""
Notifications for consumers of nova's: a service was created, changed,
deleted.

``[oslo_messaging_notifications]`` says how they are sent. Its ``driver`` is
``messagingv2`` where it is not set, and its ``retry`` is 0: a change is not
held up by a broker that is away.
""",
)

notifications_opts = [
    cfg.StrOpt(
        'notification_format',
        default='unversioned',
        choices=[
            ('both', 'versioned notifications are sent'),
            ('versioned', 'versioned notifications are sent'),
            (
                'unversioned',
                'none are sent: services have no unversioned notifications',
            ),
        ],
        help="""
Whether notifications are sent.

The option and its values are nova's, so that one file can serve both.
""",
    ),
    cfg.ListOpt(
        'versioned_notifications_topics',
        default=['versioned_notifications'],
        help="""
The topics that versioned notifications are sent on, each to all.
""",
    ),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    # Else oslo.config would share what is set among all configurations.
    conf.register_group(copy.deepcopy(notifications_group))
    conf.register_opts(notifications_opts, group=notifications_group)


def list_opts() -> dict[cfg.OptGroup, list[cfg.Opt]]:
    return {notifications_group: notifications_opts}
