# SPDX-License-Identifier: Apache-2.0

"""``service history``: the last transitions of each service."""

import argparse
from collections.abc import Sequence
from typing import Any

from nova_sg import times
from nova_sg.cmd import progress
from nova_sg.cmd.commands import arguments
from nova_sg.cmd.commands import base
from nova_sg.servicegroup.history import base as history_base
from nova_sg.servicegroup.history import entry as entry_

COLUMNS = ('Time', 'Host', 'Binary', 'From', 'To', 'Reason', 'Observer')

#: Transitions that are shown where no number is asked for.
SHOWN = 1000


class History(base.Lister):
    """Show the last transitions of services, the newest last."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        arguments.add_host(
            parser, nargs='?', help='only services on this host'
        )
        parser.add_argument(
            '--since',
            metavar='TIME',
            type=arguments.moment,
            help='only transitions since then: 90m, 12h, 3d, or a time such '
            'as 2026-03-14T15:09 (UTC)',
        )
        parser.add_argument(
            '--last',
            metavar='N',
            type=arguments.number(1, history_base.MOST),
            default=SHOWN,
            help=f'only the newest N transitions (default: {SHOWN})',
        )
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], list[list[Any]]]:
        question = history_base.Question(
            host=parsed_args.host,
            since=parsed_args.since,
            limit=parsed_args.last,
        )
        with progress.Waiting('Reading the history'):
            entries = self.app.history(question)
        return COLUMNS, [_row(each) for each in entries]


def _row(entry: entry_.Entry) -> list[Any]:
    return [
        times.text(entry.time),
        entry.host,
        entry.binary,
        str(entry.before),
        str(entry.after),
        base.free_text(entry.reason),
        entry.observer,
    ]
