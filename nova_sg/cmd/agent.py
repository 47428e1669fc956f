# SPDX-License-Identifier: Apache-2.0

"""nova-sg-agent: one service of this host, or many of simulated hosts.

Exit codes: 0 stopped by a signal, 2 bad usage or configuration, 3 the
records of all its services were deleted, 4 conflict, 5 the backend is
unreachable at the start (a service manager tries again; see
``Restart=on-failure`` of systemd). Once it is up it waits for an
unreachable backend.
"""

import argparse
from collections.abc import Sequence
import contextlib
import signal
import sys

from oslo_config import cfg

from nova_sg import conf as sg_conf
from nova_sg.agent import service
from nova_sg.cmd import common
from nova_sg.cmd import terminals
from nova_sg.cmd.commands import arguments
from nova_sg.inventory import base as inventory_base
from nova_sg.metrics import monitor as sg_monitor

PROGRAM = 'nova-sg-agent'

#: As many hosts as the largest deployments have.
MOST_HOSTS = 100_000


def main(argv: Sequence[str] | None = None) -> int:
    """Run nova-sg-agent and return its exit code."""
    return common.run(PROGRAM, _main, argv)


def _main(argv: list[str]) -> int:
    parser = _parser()
    args = parser.parse_args(argv)
    if args.zone is not None and args.binary != inventory_base.COMPUTE_BINARY:
        parser.error(
            f'--zone is for {inventory_base.COMPUTE_BINARY}: all others are '
            'in the zone for internal services'
        )
    conf = common.setup(
        args.config_files,
        args.config_dirs,
        args.debug,
        service=True,
        messaging=args.remote,
    )
    if args.remote:
        conf.set_override('use_conductor', True, 'servicegroup')
    hosts = _hosts(conf, args)
    if sg_conf.has_messaging(conf):
        # Imported here: an agent without a conductor sends nothing.
        from nova_sg.conf import transport

        transport.name_queues_after(conf, PROGRAM, f'{args.binary} {hosts[0]}')
    monitor = sg_monitor.Monitor(conf, PROGRAM, args.textfile)
    # First, so that it counts what the agent does to begin.
    monitor.begin()
    try:
        return _run(conf, args, hosts, monitor)
    finally:
        monitor.end()
        monitor.remove()


def _run(
    conf: cfg.ConfigOpts,
    args: argparse.Namespace,
    hosts: Sequence[str],
    monitor: sg_monitor.Monitor,
) -> int:
    agent = service.Agent(
        conf,
        hosts,
        binary=args.binary,
        topic=args.topic,
        zone=args.zone,
        simulated=args.count is not None,
        on_progress=_Progress(args.count).show if args.count else None,
        health=monitor.health,
    )
    _stop_on_signals(agent)
    return common.Exit.DONE if agent.run() else common.Exit.NOT_FOUND


def _parser() -> argparse.ArgumentParser:
    parser = common.parser(
        PROGRAM,
        description='Register this host, report its resources, and send '
        'the heartbeats of its service until stopped.',
        epilog='Exit codes: 0 stopped by SIGTERM or SIGINT; 1 unexpected; '
        '2 bad usage or configuration; 3 the records of all its services '
        'were deleted; 4 conflict; 5 the backend is unreachable at the '
        'start.',
    )
    common.add_monitoring_options(parser)
    parser.add_argument(
        '--host',
        metavar='HOST',
        type=arguments.field('host'),
        help='the name of this host (default: [DEFAULT] host, which is the '
        'host name of this machine)',
    )
    parser.add_argument(
        '--binary',
        metavar='BINARY',
        type=arguments.field('binary'),
        default=inventory_base.COMPUTE_BINARY,
        help='the service (default: %(default)s)',
    )
    parser.add_argument(
        '--topic',
        metavar='TOPIC',
        type=arguments.field('topic'),
        help='its RPC topic (default: BINARY without "nova-")',
    )
    parser.add_argument(
        '--zone',
        metavar='ZONE',
        type=arguments.zone,
        help='move the host into this availability zone',
    )
    parser.add_argument(
        '--count',
        metavar='N',
        type=arguments.number(1, MOST_HOSTS),
        help='simulate N hosts, HOST-0000 and so on, instead of this one: '
        'for load tests',
    )
    parser.add_argument(
        '--remote',
        action='store_true',
        help='use no database: call a nova-sg-conductor instead '
        '([servicegroup] use_conductor)',
    )
    return parser


def _hosts(conf: cfg.ConfigOpts, args: argparse.Namespace) -> list[str]:
    host = conf.host if args.host is None else args.host
    if args.count is None:
        return [host]
    digits = max(4, len(str(args.count - 1)))
    return [f'{host}-{number:0{digits}}' for number in range(args.count)]


def _stop_on_signals(agent: service.Agent) -> None:
    def stop(number: int, _frame: object) -> None:
        # A second signal: do not wait for what the first one began.
        signal.signal(number, signal.SIG_DFL)
        agent.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)


class _Progress:
    """How many services have joined, on a terminal.

    :param total: how many there will be
    """

    def __init__(self, total: int) -> None:
        self._total = total
        self._stream = sys.stderr

    def show(self, done: int) -> None:
        # A terminal that was closed must not end what it looked at.
        with contextlib.suppress(OSError, ValueError):
            if not terminals.takes_sequences(self._stream):
                return
            # The next line, of the log, is written over it.
            self._stream.write(f'\x1b[K{done} of {self._total} registered\r')
            self._stream.flush()


if __name__ == '__main__':
    sys.exit(main())
