# SPDX-License-Identifier: Apache-2.0

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
