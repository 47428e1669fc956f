# SPDX-License-Identifier: Apache-2.0

"""How each release of nova patches, where there is no nova."""

import types
from typing import Any
from unittest import mock

from oslotest import base

from nova_sg.nova_tree import release


def nova(**modules: Any) -> Any:
    """Return a patch that puts modules into a package ``nova``."""
    package = types.ModuleType('nova')
    for name, module in modules.items():
        setattr(package, name, module)
    return mock.patch.dict(
        'sys.modules',
        {
            'nova': package,
            **{f'nova.{name}': there for name, there in modules.items()},
        },
    )


class TestPatch(base.BaseTestCase):
    def asked(self, module: Any) -> None:
        with nova(monkey_patch=module):
            release.patch(backend='threading')
            release.patch()

    def test_nova_31_has_done_it_when_it_is_imported(self):
        self.asked(types.SimpleNamespace())

    def test_nova_32_is_not_told_what_it_cannot_choose(self):
        calls = []
        self.asked(types.SimpleNamespace(patch=lambda: calls.append(None)))
        self.assertEqual([None, None], calls)

    def test_nova_33_is_told_what_the_process_runs_on(self):
        calls = []

        def patch(backend='eventlet'):
            calls.append(backend)

        self.asked(types.SimpleNamespace(patch=patch))
        self.assertEqual(['threading', 'eventlet'], calls)


class TestUnknown(base.BaseTestCase):
    def unknown(self, version: str) -> str | None:
        module = types.SimpleNamespace(version_string=lambda: version)
        with nova(version=module):
            return release.unknown()

    def test_known_releases_are_those_of_the_list(self):
        for version in ('31.3.1', '32.0.0', '33.0.2.dev4', '34.0.0'):
            self.assertIsNone(self.unknown(version))

    def test_others_are_named(self):
        for version in ('30.1.0', '35.0.0', 'master'):
            self.assertEqual(version, self.unknown(version))
