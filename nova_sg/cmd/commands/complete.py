# SPDX-License-Identifier: Apache-2.0

"""``nova-sg-manage complete``: completion in a shell."""

import argparse
import sys

from nova_sg.cmd import completion
from nova_sg.cmd.commands import base

EPILOG = """
Load the script where the shell starts: for bash 'source <(nova-sg-manage
complete)', for zsh the same with --shell zsh after compinit, for fish
'nova-sg-manage complete --shell fish | source'.
"""


class Complete(base.Command):
    """Print a script that lets a shell complete commands and hosts."""

    _epilog = EPILOG

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--shell',
            choices=sorted(completion.SCRIPTS),
            default='bash',
            help='the shell that reads the script (default: bash)',
        )
        parser.add_argument(
            '--candidates', action='store_true', help=argparse.SUPPRESS
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        if not parsed_args.candidates:
            self.app.stdout.write(completion.SCRIPTS[parsed_args.shell])
            return
        words = sys.stdin.read().removesuffix('\n').split('\n')
        self._take_options(words)
        found = completion.Completion(
            self.app.parser,
            [name for name, _command in self.app.command_manager],
            self._parser_of,
            lambda: self.app.services(None, None),
        ).candidates(words)
        self.app.stdout.write(''.join(f'{each}\n' for each in found))

    def _take_options(self, words: list[str]) -> None:
        """Use the configuration that the command line names."""
        options = self.app.options
        for option, name in (
            ('--config-file', 'config_files'),
            ('--config-dir', 'config_dirs'),
        ):
            if values := completion.given(words, option):
                setattr(options, name, values)

    def _parser_of(self, name: str) -> argparse.ArgumentParser:
        factory, name, _rest = self.app.command_manager.find_command(
            name.split()
        )
        parser: argparse.ArgumentParser = factory(
            self.app, self.app.options, cmd_name=name
        ).get_parser(name)
        return parser
