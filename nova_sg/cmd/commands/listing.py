# SPDX-License-Identifier: Apache-2.0

"""``nova-sg-manage service list`` and ``service show``."""

import argparse
from collections.abc import Sequence
import functools
import logging
import sys
from typing import Any
from typing import TextIO

from nova_sg import context as sg_context
from nova_sg import objects
from nova_sg import servicegroup
from nova_sg import times
from nova_sg.cmd import common
from nova_sg.cmd import progress
from nova_sg.cmd import terminals
from nova_sg.cmd.commands import arguments
from nova_sg.cmd.commands import base
from nova_sg.cmd.commands import details
from nova_sg.cmd.watch import page
from nova_sg.servicegroup import liveness

LOG = logging.getLogger(__name__)

#: Those of ``openstack compute service list``.
COLUMNS = ('ID', 'Binary', 'Host', 'Zone', 'Status', 'State', 'Updated At')


def add_filters(parser: argparse.ArgumentParser) -> None:
    """Add what a list can be limited to; see :func:`find`."""
    parser.add_argument(
        '--host',
        metavar='HOST',
        type=arguments.field('host'),
        help='only services on this host',
    )
    parser.add_argument(
        '--binary',
        '--service',
        metavar='BINARY',
        type=arguments.field('binary'),
        help='only services of this binary',
    )
    parser.add_argument(
        '--zone',
        metavar='ZONE',
        type=arguments.zone,
        help='only services in this availability zone',
    )


class List(base.Lister):
    """List services and whether they are up, sorted by id."""

    #: What ``--long`` adds to :data:`COLUMNS`; nova-manage shows it, too.
    long_columns = details.COLUMNS
    long_row = staticmethod(details.row)

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        add_filters(parser)
        parser.add_argument(
            '--state',
            choices=(liveness.UP, liveness.DOWN, liveness.UNKNOWN),
            help='only services in this state',
        )
        parser.add_argument(
            '--long',
            action='store_true',
            help='show more columns: among them why a service is down, since '
            'when, and which process saw it last; its processes, if the '
            'driver knows them; and since when its state is known or in '
            'doubt',
        )
        parser.add_argument(
            '--watch',
            metavar='SECONDS',
            nargs='?',
            const=2.0,
            type=arguments.seconds,
            help='show the list again every SECONDS (default: 2); '
            '"service watch" shows what changes',
        )
        return parser

    def run(self, parsed_args: argparse.Namespace) -> int:
        if parsed_args.watch is None:
            return super().run(parsed_args)  # type: ignore[no-any-return]
        page.repeat(
            functools.partial(self._write, parsed_args),
            parsed_args.watch,
            # A page has no room for all messages of debugging.
            in_place=terminals.takes_sequences(sys.stdout)
            and not self.app.options.debug,
        )

    def _write(self, parsed_args: argparse.Namespace, stream: TextIO) -> None:
        self.app.stdout = stream
        super().run(parsed_args)

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], list[list[Any]]]:
        with progress.Waiting('Listing services'):
            context = self.setup()
            services = find(self.app, parsed_args)
            if parsed_args.long:
                known, why = details.explained(context, services)
        self._warn(context, services)
        if parsed_args.state is not None:
            services = [
                each for each in services if each.state == parsed_args.state
            ]
        if not parsed_args.long:
            return COLUMNS, [_row(each) for each in services]
        return COLUMNS + details.COLUMNS, [
            [
                *_row(each),
                *details.row(each, known.get(each.uuid), why[each.uuid]),
            ]
            for each in services
        ]

    def _warn(
        self, context: sg_context.RequestContext, services: Sequence[Any]
    ) -> None:
        """Warn of services with an unknown state."""
        unknown = [e for e in services if e.state == liveness.UNKNOWN]
        if not unknown:
            return
        verdicts = details.verdicts(context, unknown[:1]).values()
        LOG.warning(
            'The state of %(unknown)d of %(all)d service(s) is unknown%(why)s',
            {
                'unknown': len(unknown),
                'all': len(services),
                'why': ''.join(f': {each.unknown}' for each in verdicts),
            },
        )


class Show(base.ShowOne):
    """Show one service."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            'service',
            metavar='SERVICE',
            type=arguments.field('host'),
            help='the uuid of the service; or its host, with BINARY after it',
        )
        parser.add_argument(
            'binary',
            metavar='BINARY',
            nargs='?',
            type=arguments.field('binary'),
            help='its binary, where SERVICE is a host',
        )
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[list[str], list[Any]]:
        context = self.setup()
        service = _get(context, parsed_args.service, parsed_args.binary)
        service.load_state()
        known, why = details.explained(context, [service])
        names = [
            name.lower().replace(' ', '_')
            for name in (*COLUMNS, *details.COLUMNS, 'Created At')
        ]
        return names, [
            *_row(service),
            *details.row(service, known.get(service.uuid), why[service.uuid]),
            times.text(service.created_at),
        ]


def _get(
    context: sg_context.RequestContext, service: str, binary: str | None
) -> Any:
    """Return the service that a user named.

    :param service: a uuid, or a host
    :param binary: the binary, where ``service`` is a host
    """
    if binary is not None:
        return objects.ServiceGroupService.get_by_args(
            context, service, binary
        )
    try:
        uuid = arguments.uuid(service)
    except argparse.ArgumentTypeError as error:
        raise common.BadUsage(
            reason=f'{error}; a host is followed by its binary'
        ) from error
    return objects.ServiceGroupService.get_by_uuid(context, uuid)


def find(
    application: base.Application, parsed_args: argparse.Namespace
) -> list[Any]:
    """Return the services that the filters let through.

    :param parsed_args: with the arguments of :func:`add_filters`
    """
    services = application.services(parsed_args.host, parsed_args.binary)
    zone = parsed_args.zone
    if zone is None:
        return list(services)
    return [e for e in services if zone in e.availability_zone.split(',')]


def _row(service: Any) -> list[Any]:
    updated_at = servicegroup.get().get_updated_time(service)
    return [
        service.uuid,
        service.binary,
        service.host,
        service.availability_zone,
        'disabled' if service.disabled else 'enabled',
        base.State(service.state),
        times.text(updated_at),
    ]
