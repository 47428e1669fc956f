# SPDX-License-Identifier: Apache-2.0

"""Metrics and health: where a process tells of itself."""

from oslo_config import cfg
from oslo_config import types

monitoring_group = cfg.OptGroup(
    'monitoring',
    title='Metrics and health options',
    help="""
Where each process answers ``/metrics`` for Prometheus, and ``/live`` and
``/ready`` for probes.

By default no process does. Metrics need the extra ``metrics``.
""",
)

monitoring_opts = [
    cfg.Opt(
        'ports',
        type=types.Dict(value_type=types.Integer(1, 65535)),
        default={},
        sample_default='nova-sg-api:9181,nova-sg-conductor:9182,'
        'nova-sg-agent:9183',
        help="""
The port of each program, as ``PROGRAM:PORT,...``.

A program that is not named opens no port. All workers of a program share its
port, and each answers for all of them. Programs are named, so that processes
of one host can share a configuration file: ``nova-sg-api``,
``nova-sg-conductor``, ``nova-sg-agent``, and inside a nova ``nova-compute``,
``nova-conductor`` and the like.
""",
    ),
    cfg.HostAddressOpt(
        'listen',
        default='127.0.0.1',
        help="""
The address on which these ports are opened.

Every client that can reach a port can read the metrics, without a token. They
name no host, unless ``per_service`` is set, and no address of a backend.
""",
    ),
    cfg.BoolOpt(
        'metrics',
        default=True,
        help="""
Serve ``/metrics`` on these ports.

Without it they serve the probes only, and the extra ``metrics`` is not needed.
""",
    ),
    cfg.ListOpt(
        'deployment',
        default=['nova-sg-api'],
        help="""
The programs whose metrics cover all services, and not only themselves.

Each of them lists all services once a scrape. One program of a deployment
should do: ``nova-sg-api``, or ``nova-sg-conductor`` where there is none.
Inside a nova name ``nova-conductor``.
""",
    ),
    cfg.BoolOpt(
        'per_service',
        default=False,
        help="""
Export a time series for each service, ``nova_sg_service_up``.

It names the hosts. Set it only if you alarm on single hosts.
""",
    ),
    cfg.StrOpt(
        'directory',
        help="""
The directory in which the workers of nova-sg-api share their counts, under
a WSGI server that is not nova-sg-api itself, such as uWSGI.

With it such a server answers ``/metrics`` behind the policy
``nova_sg:metrics``. Use a directory in memory, such as ``/run/nova-sg/api``,
to which its user can write; no other program may use it.
""",
    ),
    cfg.StrOpt(
        'textfiles',
        help="""
A directory into which programs write their metrics every 15 seconds, for the
textfile collector of node_exporter.

It is for processes that should open no port. The file is named after the
program. nova-sg-api writes none.
""",
    ),
]


def list_opts() -> dict[cfg.OptGroup, list[cfg.Opt]]:
    return {monitoring_group: monitoring_opts}
