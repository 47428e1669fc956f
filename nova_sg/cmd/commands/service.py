# SPDX-License-Identifier: Apache-2.0


"""``nova-sg-manage service``: what an operator decides of services."""

import argparse
import dataclasses
from typing import Any

from nova_sg import objects
from nova_sg.cmd.commands import arguments
from nova_sg.cmd.commands import base


class _Decision(base.Command):
    """A command that changes fields of one service."""

    def decide(self, host: str, binary: str, **fields: Any) -> None:
        application: base.Application = self.app
        service = application.find(host, binary)
        for name, value in fields.items():
            setattr(service, name, value)
        application.save(service)


class Enable(_Decision):
    """Let the scheduler use a service again, and clear the reason."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        arguments.add_host_and_binary(parser, old_spelling=True)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        host, binary = arguments.settle_host_and_binary(parsed_args)
        self.decide(host, binary, disabled=False, disabled_reason=None)


class Disable(_Decision):
    """Keep new instances from a host; its service and instances run on."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        arguments.add_host_and_binary(parser, old_spelling=True)
        parser.add_argument(
            '--reason',
            metavar='REASON',
            type=arguments.field('disabled_reason'),
            help='the reason, which lists of services show; without this '
            'option no reason is kept',
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        host, binary = arguments.settle_host_and_binary(parsed_args)
        self.decide(
            host, binary, disabled=True, disabled_reason=parsed_args.reason
        )


class ForceDown(_Decision):
    """Show a service as down, even if it beats, until this is unset.

    Do this after the host was fenced, so that its servers can be evacuated
    at once.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--unset',
            action='store_true',
            help='show the true state of the service again',
        )
        arguments.add_host_and_binary(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        self.decide(
            parsed_args.host,
            parsed_args.binary,
            forced_down=not parsed_args.unset,
        )


class Delete(base.Command):
    """Delete a service and its compute nodes; stop its process first.

    A process that still runs notices, and registers again only when it is
    restarted. Never delete a nova-compute of a real nova with this command:
    it knows neither nova's instances nor placement. Use nova's API.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            'uuid',
            metavar='UUID',
            type=arguments.uuid,
            help='the ID that "service list" shows',
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        objects.ServiceGroupService.get_by_uuid(
            self.setup(), parsed_args.uuid
        ).destroy()


class DescribeResource(base.Lister):
    """Show what a compute host has and uses, in all and by project."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        arguments.add_host(parser, help='a host with a compute service')
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
        application: base.Application = self.app
        return ('Host', 'Project', 'CPU', 'Memory MB', 'Disk GB'), [
            dataclasses.astuple(each)
            for each in application.resources(parsed_args.host)
        ]
