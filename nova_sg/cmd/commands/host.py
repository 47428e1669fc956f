# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.


"""``nova-sg-manage host``: what is true of a host, whatever runs on it."""

import argparse

from nova_sg import objects
from nova_sg import servicegroup
from nova_sg.cmd.commands import arguments
from nova_sg.cmd.commands import base


class SetZone(base.Command):
    """Move a compute host into an availability zone, out of any other."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        arguments.add_host(parser, help='a host with a compute service')
        parser.add_argument(
            'zone',
            metavar='ZONE',
            type=arguments.zone,
            help='the zone, which need not exist yet',
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        context = self.setup()
        objects.ServiceGroupService.get_by_compute_host(
            context, parsed_args.host
        )
        servicegroup.get().inventory.set_zone(
            parsed_args.host, parsed_args.zone
        )
