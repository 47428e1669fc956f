# SPDX-License-Identifier: Apache-2.0

"""nova-sg-conductor, and the processes that call it."""

from oslo_config import cfg

conductor_group = cfg.OptGroup(
    'conductor',
    title='Conductor options',
    help="""
nova-sg-conductor serves processes that have no access to the database.
""",
)

conductor_opts = [
    cfg.IntOpt(
        'workers',
        default=1,
        min=1,
        help="""
The number of worker processes of one nova-sg-conductor.

One worker carries the heartbeats of several thousand hosts. Each worker
groups the heartbeats it receives into statements of its own, so the number of
statements grows with the number of workers.
""",
    ),
    cfg.IntOpt(
        'threads',
        default=256,
        min=1,
        help="""
The number of calls that a worker serves at the same time.

A heartbeat occupies a thread until its statement is committed. Use at least
twice the number of heartbeats that arrive within ``beat_spacing`` plus the
time of one statement. Further calls wait in the message broker, which drops a
call when its caller has given up. This number is also the default of
``[oslo_messaging_rabbit] rabbit_qos_prefetch_count`` in a conductor.
""",
    ),
    cfg.FloatOpt(
        'beat_spacing',
        default=0.1,
        min=0,
        max=5,
        help="""
Seconds a worker waits between two statements that write heartbeats.

Heartbeats that arrive in that time are written together by the next statement.
A heartbeat that arrives later is written at once.
""",
    ),
    cfg.IntOpt(
        'beats_waiting',
        default=10000,
        min=500,
        help="""
The largest number of heartbeats that wait in one worker to be written.

While the database is slow and this many wait, the worker refuses further
heartbeats at once. Each sender logs that and tries again with its next
interval.
""",
    ),
    cfg.IntOpt(
        'beats_per_ping',
        default=3,
        min=0,
        help="""
Call the conductor with every n-th heartbeat of a service without a database.

This applies to ``zk`` and ``mc``, whose heartbeats do not pass through the
conductor. Without an answer the service does not beat, so that a host which
RPC cannot reach is shown down. 0 turns the calls off.
""",
    ),
    cfg.IntOpt(
        'graceful_shutdown_timeout',
        default=60,
        min=1,
        help="""
Seconds that a stopping conductor gives the calls it has begun to serve.
""",
    ),
    cfg.BoolOpt(
        'watch_states',
        default=False,
        help="""
Send a ``service.state`` notification when a service goes up or down.

Set it for one conductor of each cell: each conductor with this option sends
every transition. It lists the services once per ``[servicegroup]
report_interval``.
""",
    ),
]


def list_opts() -> dict[cfg.OptGroup, list[cfg.Opt]]:
    return {conductor_group: conductor_opts}
