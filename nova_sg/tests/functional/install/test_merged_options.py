# SPDX-License-Identifier: Apache-2.0

"""Fragments for deployment tools, merged by the rule of each tool."""

import pathlib
from typing import Any

import fixtures
from oslo_config import cfg
from oslo_config import iniparser
from oslotest import base
import yaml

import nova_sg

PAGES = (
    pathlib.Path(nova_sg.__file__).parent.parent / 'doc' / 'source' / 'install'
)

#: What each tool's own file of nova has.
STOCK = """
[oslo_messaging_notifications]
transport_url = rabbit://192.0.2.1
driver = messagingv2
"""

#: The uuid of a cell in the fragments.
CELL = '5a8a1d6c-0b8f-4a4d-9c55-0b9f1f6c2a41'

Options = dict[tuple[str, str], list[str]]


class _Lines(iniparser.BaseParser):
    """The lines of a file, those of an option together and in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.options: Options = {}
        self.parse(text.splitlines())

    def new_section(self, section: str) -> None:
        self._section = section

    def assignment(self, key: str, value: list[str]) -> None:
        self.options.setdefault((self._section, key), []).extend(value)


class TestMergedOptions(base.BaseTestCase):
    def check(self, options: Options) -> None:
        path = pathlib.Path(self.useFixture(fixtures.TempDir()).path, 'conf')
        path.write_text(
            ''.join(
                f'[{section}]\n{key} = {value}\n'
                for (section, key), values in options.items()
                for value in values
            )
        )
        conf = cfg.ConfigOpts()
        conf.register_opt(
            cfg.MultiStrOpt('driver'), 'oslo_messaging_notifications'
        )
        conf.register_opt(cfg.StrOpt('driver'), 'servicegroup')
        conf(['--config-file', str(path)])
        self.assertEqual(
            ['messagingv2', 'nova_sg'],
            conf.oslo_messaging_notifications.driver,
        )
        self.assertEqual('zk', conf.servicegroup.driver)

    def test_kolla_keeps_the_repeated_lines_of_its_last_file(self) -> None:
        fragment = (PAGES / 'kolla-nova.conf').read_text()
        self.check({**_Lines(STOCK).options, **_Lines(fragment).options})

    def test_kollas_api_and_scheduler_stay_in_cell0(self) -> None:
        for name, cell in (('kolla-nova', None), ('kolla-nova-cell', [CELL])):
            options = _Lines((PAGES / f'{name}.conf').read_text()).options
            self.assertEqual(cell, options.get(('servicegroup', 'cell')))

    def test_a_mapping_without_values_is_repeated_lines(self) -> None:
        text = (PAGES / 'openstack-ansible-variables.yml').read_text()
        options = _Lines(STOCK).options
        overrides = yaml.safe_load(text)['nova_nova_conf_overrides']
        for section, found in overrides.items():
            for key, value in found.items():
                options[section, key] = self._lines(value)
        self.check(options)
        self.assertEqual([CELL], options['servicegroup', 'cell'])

    def _lines(self, value: Any) -> list[str]:
        if isinstance(value, dict):
            self.assertFalse(any(value.values()))
            return sorted(value)
        self.assertNotIsInstance(value, list)
        return [str(value)]
