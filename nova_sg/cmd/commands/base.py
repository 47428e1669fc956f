# SPDX-License-Identifier: Apache-2.0


"""What all commands of nova-sg-manage stand on."""

import argparse
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import sys
from typing import Any
from typing import Protocol

from cliff import columns
from cliff import command
from cliff import lister
from cliff import show
from oslo_config import cfg

from nova_sg import context as sg_context
from nova_sg import texts
from nova_sg.cmd import common
from nova_sg.cmd import terminals
from nova_sg.inventory import usage
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import reasons
from nova_sg.servicegroup.history import base as history_base
from nova_sg.servicegroup.history import entry


class Application(Protocol):
    """What the commands ask of the application that runs them.

    The services here are those of this project, and inside a nova those of
    nova: see ``nova_sg.nova_tree.application``.
    """

    def load_conf(self) -> cfg.ConfigOpts:
        """Return a configuration which may be changed."""

    def find(self, host: str, binary: str) -> Any:
        """Return a service by its names.

        :raises NotFound: there is none
        """

    def services(self, host: str | None, binary: str | None) -> Sequence[Any]:
        """Return services with their states and zones, by id.

        The backend does what it can of the filtering.

        :param host: only services on this host
        :param binary: only services of this binary
        """

    def whys(self, services: Sequence[Any]) -> Mapping[str, reasons.Departure]:
        """Return why services are down, by uuid; it never fails.

        :param services: what :meth:`services` has just returned
        :returns: for those that are down, at least
        """

    def history(
        self, question: history_base.Question
    ) -> Sequence[entry.Entry]:
        """Return transitions of services in order, the newest last."""

    def save(self, service: Any) -> None:
        """Make the changes of a service."""

    def resources(self, host: str) -> Sequence[usage.HostResource]:
        """Return what a compute host has and uses, in all and by project.

        :raises NotFound: there is no such host
        """


class _OneLineErrors:
    """Makes a command of cliff report errors as all our commands do."""

    def get_epilog(self) -> str:
        """Return what ends the help.

        cliff's own tells which package a command is from, and reads the list
        of files of every package that is installed to find out.
        """
        return self._epilog or ''  # type: ignore[attr-defined]

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = super().get_parser(  # type: ignore[misc]
            prog_name
        )
        common.one_line_errors(parser)
        return parser

    @property
    def conf(self) -> cfg.ConfigOpts:
        """The configuration.

        :raises InvalidConfiguration: naming the option that cannot be used
        """
        return self.app.conf  # type: ignore[attr-defined,no-any-return]

    def setup(self) -> sg_context.RequestContext:
        """Make the servicegroup API of this process.

        :returns: the context for calls
        :raises InvalidConfiguration: naming the option that cannot be used
        """
        return self.app.setup()  # type: ignore[attr-defined,no-any-return]


class _Display(_OneLineErrors):
    def produce_output(
        self,
        parsed_args: argparse.Namespace,
        column_names: Sequence[str],
        data: Iterable[Any],
    ) -> int:
        try:
            return super().produce_output(  # type: ignore[misc,no-any-return]
                parsed_args, column_names, data
            )
        except ValueError as error:
            # A column that is not there.
            raise common.BadUsage(reason=error) from error


class Command(_OneLineErrors, command.Command):
    """A command that prints nothing where it succeeds."""


class Lister(_Display, lister.Lister):
    """A command that prints a table."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--sort',
            metavar='COLUMN',
            action='append',
            default=[],
            dest='sort_columns',
            help='sort by this column; the same as --sort-column',
        )
        return parser

    def produce_output(
        self,
        parsed_args: argparse.Namespace,
        column_names: Sequence[str],
        data: Iterable[Any],
    ) -> int:
        """Print the table.

        :raises BadUsage: a column to sort by is not there; cliff's own
            ignores it
        """
        known = {_plain(each) for each in column_names}
        for column in parsed_args.sort_columns:
            if _plain(column) not in known:
                raise common.BadUsage(
                    reason=f'{column!r} is no column to sort by; there are: '
                    + ', '.join(column_names)
                )
        return super().produce_output(parsed_args, column_names, data)


class ShowOne(_Display, show.ShowOne):
    """A command that prints one thing, a field per line."""


def _plain(column: str) -> str:
    return column.lower().replace('_', ' ')


class FreeText(columns.FormattableColumn):  # type: ignore[type-arg]
    """Text that an operator typed: one line in a table, raw for a program."""

    def human_readable(self) -> str:
        return texts.one_line(self._value)


def free_text(text: object) -> FreeText | None:
    """Return a text for a cell, None for none."""
    return None if text is None else FreeText(str(text))


class Several(columns.FormattableColumn):  # type: ignore[type-arg]
    """Values in one cell: a line each for a reader, a list for a program."""

    def human_readable(self) -> str:
        return '\n'.join(str(value) for value in self._value)


class State(columns.FormattableColumn):  # type: ignore[type-arg]
    """The state of a service, in its colour on a terminal."""

    _COLOURS = {liveness.UP: 32, liveness.DOWN: 31, liveness.UNKNOWN: 33}

    def human_readable(self) -> str:
        text = str(self._value)
        if not terminals.takes_colours(sys.stdout):
            return text
        return f'\x1b[{self._COLOURS[text]}m{text}\x1b[0m'
