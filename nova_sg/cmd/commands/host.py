# SPDX-License-Identifier: Apache-2.0


"""``nova-sg-manage host``: what is true of a host, whatever runs on it."""

import argparse

from nova_sg import objects
from nova_sg import servicegroup
from nova_sg.cmd.commands import arguments
from nova_sg.cmd.commands import base


class SetZone(base.Command):
    """Move a compute host into an availability zone."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        arguments.add_host(parser, help='a host with a compute service')
        parser.add_argument(
            'zone',
            metavar='ZONE',
            type=arguments.zone,
            help='the zone; it is created if it does not exist',
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        context = self.setup()
        inventory = servicegroup.get().inventory
        inventory.check_compute_zone(parsed_args.zone)
        objects.ServiceGroupService.get_by_compute_host(
            context, parsed_args.host
        )
        inventory.set_zone(parsed_args.host, parsed_args.zone)
