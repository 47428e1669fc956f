# SPDX-License-Identifier: Apache-2.0

"""nova-sg-conductor, and the processes that call it."""

import copy

from oslo_config import cfg

conductor_group = cfg.OptGroup(
    'conductor',
    title='Conductor options',
    help="""
nova-sg-conductor, which runs the calls of processes without a database.
""",
)

conductor_opts = [
    cfg.IntOpt(
        'workers',
        default=1,
        min=1,
        help="""
Processes of one nova-sg-conductor that serve calls.

One carries the beats of several thousand hosts. Each worker groups the beats
it receives by itself, so that statements on the database grow with their
number.
""",
    ),
    cfg.IntOpt(
        'threads',
        default=256,
        min=1,
        help="""
Calls that a worker serves at once.

A beat occupies a thread until the statement that holds it is committed. So
there should be at least twice as many as beats arrive within
``beat_spacing`` and the time of a statement. Calls beyond that wait at the
message broker, which drops those whose caller has given up.
``[oslo_messaging_rabbit] rabbit_qos_prefetch_count`` of a conductor is this
number, unless it is set.
""",
    ),
    cfg.FloatOpt(
        'beat_spacing',
        default=0.1,
        min=0,
        max=5,
        help="""
Seconds between the end of a statement that writes beats, and the next one of
the same worker.

Beats which arrive meanwhile go into the next statement together. A beat that
arrives later than this after the last statement is written at once.
""",
    ),
    cfg.IntOpt(
        'beats_waiting',
        default=10000,
        min=500,
        help="""
Beats that may wait in one worker for their statement.

While the database is slow, further beats are refused at once, which their
senders report and repeat with their next interval.
""",
    ),
    cfg.IntOpt(
        'beats_per_ping',
        default=3,
        min=0,
        help="""
With which of its beats a remote service proves that it reaches the conductor.

For drivers whose memberships the service's own process holds (``zk``,
``mc``): with every n-th beat the conductor is called, and without its
answer the service does not beat. A host that cannot be reached by RPC is not
up, then. 0 leaves that out.
""",
    ),
    cfg.IntOpt(
        'graceful_shutdown_timeout',
        default=60,
        min=1,
        help="""
Seconds that a stopping conductor waits for the calls it has begun to serve.
""",
    ),
    cfg.BoolOpt(
        'watch_states',
        default=False,
        help="""
Send a ``service.state`` notification when a service goes up or down.

Set it for one conductor of each cell: every conductor that watches sends
each transition. The services are listed once in
``[servicegroup] report_interval``.
""",
    ),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    # Else oslo.config would share what is set among all configurations.
    conf.register_group(copy.deepcopy(conductor_group))
    conf.register_opts(conductor_opts, group=conductor_group)


def list_opts() -> dict[cfg.OptGroup, list[cfg.Opt]]:
    return {conductor_group: conductor_opts}
