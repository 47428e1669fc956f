# SPDX-License-Identifier: Apache-2.0


"""``nova-sg-manage db``: the schema of the SQL database."""

import argparse
from typing import Any

from nova_sg.cmd import progress
from nova_sg.cmd.commands import base
from nova_sg.servicegroup import maintenance


class Sync(base.Command):
    """Make the tables that this version needs, or bring them up to date.

    It can be run again at any time. A services table of nova is adopted as it
    is, and its columns are never altered.
    """

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        with progress.Waiting('Bringing the schema up to date'):
            before = maintenance.sync(self.conf)
        if before.found == before.expected:
            done = f'is at revision {before.found} already'
        elif before.found is None:
            done = f'has a schema now, at revision {before.expected}'
        else:
            done = f'went from revision {before.found} to {before.expected}'
        self.app.stdout.write(f'The database {before.database} {done}.\n')


class Version(base.ShowOne):
    """Show the revision of the schema, and the one that is needed."""

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[tuple[str, ...], tuple[Any, ...]]:
        schema = maintenance.schema(self.conf)
        return ('database', 'version', 'needed'), (
            schema.database,
            schema.found,
            schema.expected,
        )
