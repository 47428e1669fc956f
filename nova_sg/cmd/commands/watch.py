# SPDX-License-Identifier: Apache-2.0

"""``service watch``: the services, followed."""

import argparse
import threading

from nova_sg.cmd.commands import arguments
from nova_sg.cmd.commands import base
from nova_sg.cmd.commands import listing
from nova_sg.cmd.watch import follower
from nova_sg.cmd.watch import stream
from nova_sg.cmd.watch import terminal
from nova_sg.cmd.watch import transitions


class Watch(base.Command):
    """Follow the services, and show what changes as it changes.

    On a terminal the services fill the screen, with the latest transitions
    below. Elsewhere each transition is a line.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        listing.add_filters(parser)
        parser.add_argument(
            '--interval',
            metavar='SECONDS',
            type=arguments.seconds,
            default=2.0,
            help='how often to read the services (default: 2); less often '
            'where reading them takes a quarter of the time',
        )
        parser.add_argument(
            '--lines',
            action='store_true',
            help='print a line for each transition, on a terminal too',
        )
        parser.add_argument(
            '--json-lines',
            action='store_true',
            help='print an object of JSON for each transition, for a program',
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        def read() -> dict[str, transitions.Sighting]:
            services = listing.find(self.app, parsed_args)
            return transitions.by_uuid(services, self.app.whys(services))

        services = follower.Follower(read, parsed_args.interval)
        lines = parsed_args.lines or parsed_args.json_lines
        if terminal.usable() and not lines:
            terminal.Terminal(services).run()
            return
        output = stream.Stream(as_json=parsed_args.json_lines)
        output.begin(services.begin())
        services.follow(output.tell, threading.Event())
