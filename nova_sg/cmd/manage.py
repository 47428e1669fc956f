# SPDX-License-Identifier: Apache-2.0


"""nova-sg-manage: what an operator does with services and their backends.

The commands are entry points of the group ``nova_sg.manage``, one module per
noun in :mod:`nova_sg.cmd.commands`.
"""

import argparse
from collections.abc import Mapping
from collections.abc import Sequence
import difflib
import functools
from importlib import metadata
import sys
from typing import Any

from cliff import app
from cliff import commandmanager
from oslo_config import cfg

from nova_sg import conductor as sg_conductor
from nova_sg import conf as sg_conf
from nova_sg import context as sg_context
from nova_sg import objects
from nova_sg import servicegroup
from nova_sg.cmd import common
from nova_sg.inventory import usage
from nova_sg.servicegroup import collector
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import reasons
from nova_sg.servicegroup.history import base as history_base
from nova_sg.servicegroup.history import entry

PROGRAM = 'nova-sg-manage'
NAMESPACE = 'nova_sg.manage'

EPILOG = """
Exit codes: 0 done, 1 unexpected, 2 bad usage or configuration, 3 not found,
4 conflict, 5 backend unreachable, 6 unknown whether a change was made.
"""

SEE_HELP = f'see {PROGRAM} --help'

#: nova-manage's own spellings of commands.
OLD_NAMES = {'service describe_resource': 'service describe-resource'}


class Commands(commandmanager.CommandManager):
    """The commands by name; a command is imported when it is run.

    cliff's own imports all of them for each.
    """

    def load_commands(self, namespace: str) -> None:
        self.group_list.append(namespace)
        for each in metadata.entry_points(group=namespace):
            self.commands[each.name.replace('_', ' ')] = each

    def add_command(self, name: str, command_class: Any) -> None:
        """Add a command of cliff, unless there is one of ours."""
        if name not in self.commands:
            super().add_command(name, command_class)


class Manage(app.App):
    """The application: global options, and the way to a command.

    cliff's own ends every error in the same exit code, and starts a shell of
    its own where there is no command; here errors are raised and
    :func:`nova_sg.cmd.common.run` reports them.
    """

    NAME = PROGRAM

    def __init__(self) -> None:
        manager = Commands(NAMESPACE)
        for old, new in OLD_NAMES.items():
            manager.add_legacy_command(old, new)
        super().__init__(
            description='Manage the services of an OpenStack Nova deployment.',
            version=common.version(),
            command_manager=manager,
            deferred_help=True,
        )

    def build_option_parser(
        self,
        description: str | None,
        version: str | None,
        argparse_kwargs: dict[str, Any] | None = None,
    ) -> argparse.ArgumentParser:
        parser = common.parser(
            PROGRAM,
            description or '',
            EPILOG,
            usage=f'{PROGRAM} [options] COMMAND [arguments]',
            add_help=False,
            # An abbreviation here would take options from commands.
            allow_abbrev=False,
        )
        parser.add_argument(
            '-h',
            '--help',
            dest='deferred_help',
            action='store_true',
            help='show this help, or that of a command, and exit',
        )
        return parser

    @functools.cached_property
    def conf(self) -> cfg.ConfigOpts:
        """The configuration, loaded when a command needs it.

        :raises InvalidConfiguration: naming the option that cannot be used
        """
        return common.setup(
            self.options.config_files,
            self.options.config_dirs,
            self.options.debug,
        )

    def load_conf(self) -> cfg.ConfigOpts:
        """Return the same configuration anew, to be changed.

        :raises InvalidConfiguration: naming the option that cannot be used
        """
        return sg_conf.load(
            self.options.config_files,
            self.options.config_dirs,
            debug=self.options.debug,
        )

    def setup(self) -> sg_context.RequestContext:
        """Make the servicegroup API of this process; see the commands."""
        sg_conductor.setup(self.conf)
        return sg_context.get_admin_context()

    def find(self, host: str, binary: str) -> objects.ServiceGroupService:
        return objects.ServiceGroupService.get_by_args(
            self.setup(), host, binary
        )

    def services(
        self, host: str | None, binary: str | None
    ) -> Sequence[objects.ServiceGroupService]:
        context = self.setup()
        if host is not None and binary is not None:
            found = objects.ServiceGroupService.get_by_host_and_binary(
                context, host, binary
            )
            if found is None:
                return []
            found.load_state()
            return [found]
        every = objects.ServiceGroupServiceList
        if host is not None:
            return every.get_by_host(context, host, set_zones=True)
        if binary is not None:
            return every.get_by_binary(
                context, binary, include_disabled=True, set_zones=True
            )
        return every.get_all(context, set_zones=True)

    def whys(
        self, services: Sequence[objects.ServiceGroupService]
    ) -> Mapping[str, reasons.Departure]:
        down = [each for each in services if each.state == liveness.DOWN]
        if not down:
            return {}
        return servicegroup.get().departures(self.setup(), down)

    def history(
        self, question: history_base.Question
    ) -> Sequence[entry.Entry]:
        context = self.setup()
        return servicegroup.get().history(context, question)

    def save(self, service: objects.ServiceGroupService) -> None:
        service.save()

    def resources(self, host: str) -> list[usage.HostResource]:
        objects.ServiceGroupService.get_by_compute_host(self.setup(), host)
        return servicegroup.get().inventory.describe(host)

    def run(self, argv: list[str]) -> int:
        """Run the command that the arguments name.

        :returns: an exit code
        """
        self.options, words = self.parser.parse_known_args(argv)
        if not words or words == ['help']:
            asked = self.options.deferred_help or bool(words)
            self._show_commands()
            return common.Exit.DONE if asked else common.Exit.USAGE
        if self.options.deferred_help:
            self.options.deferred_help = False
            words.insert(0, 'help')
        return self.run_subcommand(words)

    def run_subcommand(self, argv: list[str]) -> int:
        if argv[0] == 'help' and argv[1:]:
            self._check_known(argv[1:], prefix_is_enough=True)
        else:
            self._check_known(argv)
        with collector.paused():
            # It is imported.
            factory, name, arguments = self.command_manager.find_command(argv)
        command = factory(self, self.options, cmd_name=name)
        parser = command.get_parser(f'{PROGRAM} {name}')
        return command.run(parser.parse_args(arguments))

    def _show_commands(self) -> None:
        """Print the help, with a line for each command.

        cliff's own tells which package a command is from: see
        ``nova_sg.cmd.commands.base``.
        """
        self.parser.print_help(self.stdout)
        print('\nCommands:', file=self.stdout)
        for name, entry_point in sorted(self.command_manager):
            command = entry_point.load()(self, None)
            first = command.get_description().partition('\n')[0].rstrip('.')
            print(f'  {name:<25} {first}', file=self.stdout)

    def _check_known(
        self, words: Sequence[str], *, prefix_is_enough: bool = False
    ) -> None:
        """Refuse what is no command, and name those that may be meant.

        :raises BadUsage: there is no such command
        """
        try:
            self.command_manager.find_command(list(words))
        except ValueError:
            pass
        else:
            return
        if words[0].startswith('-'):
            raise common.BadUsage(
                reason=f'{words[0]} is no option; {SEE_HELP}'
            )
        names = sorted(name for name, _command in self.command_manager)
        meant = [name for name in names if name.split()[0] == words[0]]
        if meant and prefix_is_enough:
            return
        if not meant:
            meant = difflib.get_close_matches(' '.join(words), names)
        said = ' '.join(words)
        if meant:
            raise common.BadUsage(
                reason=f'{said!r} is no command; there are: {", ".join(meant)}'
            )
        raise common.BadUsage(reason=f'{said!r} is no command; {SEE_HELP}')


def main(argv: Sequence[str] | None = None) -> int:
    """Run nova-sg-manage and return its exit code."""
    return common.run(PROGRAM, lambda words: Manage().run(words), argv)


if __name__ == '__main__':
    sys.exit(main())
