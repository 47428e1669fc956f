# SPDX-License-Identifier: Apache-2.0

"""What releases of OpenStack pin is enough."""

import pathlib
import tomllib

from oslotest import base
from packaging import requirements
from packaging import utils
import testscenarios

import nova_sg

TOP = pathlib.Path(nova_sg.__file__).parent.parent
LISTS = sorted((TOP / 'tools' / 'constraints').glob('*.txt'))

#: In no list: no release of OpenStack pins it.
UNPINNED = frozenset({'mysqlclient'})

load_tests = testscenarios.load_tests_apply_scenarios


class TestFloors(base.BaseTestCase):
    scenarios = [(each.stem, {'list': each}) for each in LISTS]

    def test_a_release_pins_what_every_dependency_allows(self):
        pinned = {}
        for line in self.list.read_text().splitlines():
            name, _, version = line.partition('==')
            pinned[utils.canonicalize_name(name)] = version
        with (TOP / 'pyproject.toml').open('rb') as file:
            project = tomllib.load(file)['project']
        groups = [
            project['dependencies'],
            *project['optional-dependencies'].values(),
        ]
        for each in (each for group in groups for each in group):
            needed = requirements.Requirement(each)
            if needed.extras or needed.name in UNPINNED:
                continue
            version = pinned.get(utils.canonicalize_name(needed.name))
            self.assertIsNotNone(version, needed)
            self.assertTrue(needed.specifier.contains(version), needed)
