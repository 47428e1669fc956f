# SPDX-License-Identifier: Apache-2.0

"""Whether the pages name options, commands and files that exist."""

from collections.abc import Iterator
from importlib import metadata
import pathlib
import re

from oslo_config import cfg
from oslotest import base

import nova_sg
from nova_sg.conf import legacy
from nova_sg.conf import opts

TOP = pathlib.Path(nova_sg.__file__).parents[1]


def pages() -> Iterator[tuple[str, str]]:
    """Yield the path and the text of each page, without line breaks."""
    for page in (
        TOP / 'README.rst',
        TOP / 'CONTRIBUTING.rst',
        *sorted((TOP / 'doc' / 'source').rglob('*.rst')),
    ):
        text = page.read_text(encoding='utf-8')
        yield str(page.relative_to(TOP)), re.sub(r'\s+', ' ', text)


def found(pattern: str) -> set[tuple[str, ...]]:
    """Return what a pattern finds, behind the page that has it."""
    return {
        (page, *match.groups())
        for page, text in pages()
        for match in re.finditer(pattern, text)
    }


class TestNames(base.BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.options = {
            (group, name)
            for group, option in opts.own_options()
            if group != 'DEFAULT'
            for name in (option.name, option.dest)
        }
        self.groups = {group for group, _ in self.options}
        # Those of nova, which a page compares with ours.
        old = cfg.ConfigOpts()
        legacy.register_opts(old)
        self.old = {('zookeeper', name) for name in old.zookeeper}

    def test_an_option_of_ours_exists(self) -> None:
        named = found(r'\[(\w+)\] (\w+)')
        self.assertGreater(len(named), 100)
        self.assertEqual(
            set(),
            {
                (page, group, name)
                for page, group, name in named
                if group in self.groups
                and (group, name) not in self.options | self.old
            },
        )

    def test_a_variable_of_ours_exists(self) -> None:
        named = {
            (page, group.lower(), name.lower())
            for page, group, name in found(r'\bOS_([A-Z]+)__([A-Z_]+)')
        }
        self.assertGreater(len(named), 3)
        self.assertEqual(
            set(),
            {
                (page, group, name)
                for page, group, name in named
                if group in self.groups and (group, name) not in self.options
            },
        )

    def test_a_command_exists(self) -> None:
        commands = {
            each.name.replace('_', ' ')
            for each in metadata.entry_points(group='nova_sg.manage')
        }
        named = found(
            r'(?:``|[$#] )nova-sg-manage (?:--config-file \S+ )?'
            r'([a-z]+(?: [a-z][a-z-]+)?)'
        )
        self.assertGreater(len(named), 30)
        self.assertEqual(
            set(),
            {each for each in named if each[1] not in commands},
        )

    def test_a_file_of_the_repository_exists(self) -> None:
        named = found(r'(?:``| )((?:tools|benchmarks)/[a-z_/]+\.\w+)')
        named |= found(r'<(\w[\w/-]+\.rst)>`__')
        self.assertGreater(len(named), 20)
        self.assertEqual(
            set(),
            {each for each in named if not (TOP / each[1]).exists()},
        )
