# SPDX-License-Identifier: Apache-2.0

"""``nova-sg-manage conductor``: how a conductor is."""

import argparse
from typing import Any

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg.cmd import common
from nova_sg.cmd import progress
from nova_sg.cmd.commands import base

COLUMNS = (
    *('host', 'pid', 'rpc_version', 'driver', 'records'),
    *('backend', 'round_trip_ms'),
    *('beats_waiting', 'beats_written', 'beat_writes'),
)


class Check(base.ShowOne):
    """Call a conductor, and show its state and that of its backends."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--host',
            metavar='HOST',
            help='the host of the conductor (default: any conductor)',
        )
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[tuple[str, ...], list[Any]]:
        # Imported here: what lists the commands calls no conductor.
        from nova_sg.conductor import rpcapi

        common.use_messaging(self.conf)
        with progress.Waiting('Asking the conductor'):
            conductor = rpcapi.ConductorAPI(self.conf, parsed_args.host)
            health = conductor.health(sg_context.get_admin_context())
        if health['problem']:
            raise exception.ServiceGroupUnavailable(
                backend=f'of the conductor on {health["host"]}',
                reason=health['problem'],
            )
        backends = health['backends']
        shown = {
            **health,
            'backend': base.Several(list(backends)),
            'round_trip_ms': base.Several(
                [round(each * 1000, 2) for each in backends.values()]
            ),
        }
        return COLUMNS, [shown[name] for name in COLUMNS]
