# SPDX-License-Identifier: Apache-2.0

"""nova-sg-api: the REST service, in several processes.

Exit codes: 0 stopped by a signal, 1 unexpected (the port is taken), 2 bad
usage or configuration, 4 the backend belongs to another deployment.
An unreachable backend does not keep it from starting: it answers 503.

The processes are forked first, and each then makes its own connections.
SIGHUP reads the configuration again and replaces them one after the other,
when they have answered what they were asked.
"""

import argparse
from collections.abc import Sequence
import sys

from oslo_config import cfg

from nova_sg import exception
from nova_sg import metrics
from nova_sg.cmd import common
from nova_sg.cmd.commands import arguments

PROGRAM = 'nova-sg-api'

try:
    from nova_sg.api import auth
    from nova_sg.api import server
except ModuleNotFoundError as error:
    common.refuse_without_extra(PROGRAM, 'api', error)


def main(argv: Sequence[str] | None = None) -> int:
    """Run nova-sg-api and return its exit code."""
    return common.run(PROGRAM, _main, argv)


def _main(argv: list[str]) -> int:
    args = parser().parse_args(argv)

    def load() -> cfg.ConfigOpts:
        conf = common.setup(
            args.config_files, args.config_dirs, args.debug, service=True
        )
        configure(conf, args)
        return conf

    server.Service(load).run()
    return common.Exit.DONE


def configure(conf: cfg.ConfigOpts, args: argparse.Namespace) -> None:
    """Let the command line have its way, and refuse what cannot be served.

    :raises InvalidConfiguration: naming the option that cannot be used
    """
    for option in ('listen', 'port', 'workers'):
        value = getattr(args, option)
        if value is not None:
            conf.set_override(option, value, group='api')
    _check_address(conf)
    _check_metrics(conf)


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    parser = common.parser(
        PROGRAM,
        description='Serve os-services, os-hosts, os-hypervisors and '
        'os-availability-zone of the compute API.',
        epilog='Exit codes: 0 stopped by SIGTERM or SIGINT; 1 unexpected; '
        '2 bad usage or configuration; 4 the backend belongs to another '
        'deployment.',
    )
    parser.add_argument(
        '--host',
        dest='listen',
        metavar='ADDRESS',
        help='the address to listen on (default: [api] listen)',
    )
    parser.add_argument(
        '--port',
        metavar='PORT',
        type=arguments.number(1, 65535),
        help='the port to listen on (default: [api] port, which is 8774)',
    )
    parser.add_argument(
        '--workers',
        metavar='N',
        type=arguments.number(1, 65535),
        help='how many processes serve (default: [api] workers, or the '
        'number of CPUs)',
    )
    return parser


def _check_address(conf: cfg.ConfigOpts) -> None:
    """Refuse to let the whole network in without a password.

    :raises InvalidConfiguration: noauth2, on an address others can reach, or
        behind a proxy
    """
    auth.check_noauth(conf)
    address = server.address(conf)
    if (
        conf.api.auth_strategy == 'noauth2'
        and not conf.api.noauth2_anywhere
        and not auth.is_loopback(address)
    ):
        raise exception.InvalidConfiguration(
            option='[api] auth_strategy',
            reason=f'with noauth2 every client that can reach {address} is '
            'an administrator: listen on 127.0.0.1, or set [api] '
            'noauth2_anywhere',
        )


def _check_metrics(conf: cfg.ConfigOpts) -> None:
    """Refuse metrics and probes that cannot be had.

    :raises InvalidConfiguration: there is no library for them, or no port
    """
    metrics.check(metrics.wanted(conf, PROGRAM))
    if metrics.port(conf, PROGRAM) == conf.api.port:
        raise exception.InvalidConfiguration(
            option='[monitoring] ports',
            reason=f'{conf.api.port} is the port of the API itself',
        )


if __name__ == '__main__':
    sys.exit(main())
