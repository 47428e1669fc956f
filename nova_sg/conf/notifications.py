# SPDX-License-Identifier: Apache-2.0

"""What is told on the message bus; names and defaults are nova's."""

from oslo_config import cfg

#: The format that services have no notifications in: none are sent.
UNVERSIONED = 'unversioned'

notifications_group = cfg.OptGroup(
    'notifications',
    title='Notifications options',
    help="""
Notifications that a service was created, changed or deleted.

``[oslo_messaging_notifications]`` says how they are sent. Here its ``driver``
defaults to ``messagingv2`` and its ``retry`` to 0, so that a change does not
wait for a broker that cannot be reached.
""",
)

notifications_opts = [
    cfg.StrOpt(
        'notification_format',
        default=UNVERSIONED,
        choices=[
            ('both', 'versioned notifications are sent'),
            ('versioned', 'versioned notifications are sent'),
            (
                UNVERSIONED,
                'none are sent: services have no unversioned notifications',
            ),
        ],
        help="""
Whether notifications are sent; by default they are not.

The option and its values are nova's.
""",
    ),
    cfg.ListOpt(
        'versioned_notifications_topics',
        default=['versioned_notifications'],
        help="""
The topics of versioned notifications. Each notification goes to all of them.
""",
    ),
]


def list_opts() -> dict[cfg.OptGroup, list[cfg.Opt]]:
    return {notifications_group: notifications_opts}
