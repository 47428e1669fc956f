# SPDX-License-Identifier: Apache-2.0

"""The history: the last transitions of each service."""

from oslo_config import cfg

NAME = 'history'

#: The entries of a service that are kept, and for how many days.
ENTRIES = 100
DAYS = 30

history_group = cfg.OptGroup(
    NAME,
    title='History options',
    help="""
The last transitions of each service, which ``service history`` shows.
""",
)

history_opts = [
    cfg.BoolOpt(
        'enabled',
        default=True,
        help="""
Record the transitions of services in this process.

nova-sg-conductor and nova-sg-api do, if they reach the backend themselves.
Each transition is recorded once, whatever the number of such processes. With
none of them no transition is recorded.
""",
    ),
    cfg.IntOpt(
        'interval',
        default=10,
        min=1,
        max=3600,
        help="""
Seconds between two lists of the services that are compared.

A transition is recorded within two intervals. A service that is down for less
than an interval may not be recorded. Listing takes a tenth of the time at
most: a longer list is read less often.
""",
    ),
    cfg.IntOpt(
        'entries',
        default=ENTRIES,
        min=2,
        max=1000,
        help="""
The number of transitions kept of each service. The oldest are deleted.
""",
    ),
    cfg.IntOpt(
        'days',
        default=DAYS,
        min=1,
        max=3650,
        help="""
Days after which a transition is deleted.

The last transition of a service that is registered is kept longer: it says
how the service has been since. memcached keeps it for 30 days at most.
""",
    ),
]


def list_opts() -> dict[cfg.OptGroup, list[cfg.Opt]]:
    return {history_group: history_opts}
