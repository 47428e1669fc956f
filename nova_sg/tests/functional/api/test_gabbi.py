# SPDX-License-Identifier: Apache-2.0

"""The gabbi files: each over each driver, in a long run over RPC, too.

The cloud that a file meets is :class:`nova_sg.tests.fixtures.rest.Cloud`,
new for each file.
"""

import os
import types
from typing import Any

from gabbi import driver
from gabbi import fixture

from nova_sg.tests.fixtures import rest
from nova_sg.tests.functional.api import backends

DIRECTORY = os.path.join(os.path.dirname(__file__), 'gabbits')

#: The application of the file that is run just now.
_running: list[Any] = []


class _Cloud(fixture.GabbiFixture):
    """Sets the cloud up before the first test of a file."""

    backend: str
    makers = backends.BACKENDS
    options: dict[str, dict[str, Any]] = {}

    def start_fixture(self) -> None:
        make = self.makers[self.backend]
        self.cloud = rest.Cloud(make and make(), **self.options)
        self.cloud.setUp()
        _running.append(self.cloud.app)

    def stop_fixture(self) -> None:
        _running.pop()
        self.cloud.cleanUp()


def _fixtures(name: str) -> Any:
    """Return what the files call their fixtures, over one backend."""

    class CloudFixture(_Cloud):
        backend = name

    class CloudWithoutInventory(_Cloud):
        backend = name
        makers = backends.WITHOUT_INVENTORY
        options = {'inventory': {'backend': 'none'}}

    return types.SimpleNamespace(
        Cloud=CloudFixture, CloudWithoutInventory=CloudWithoutInventory
    )


def _app(environ: Any, start_response: Any) -> Any:
    # The tests of a file are made before its cloud is.
    return _running[-1](environ, start_response)


def load_tests(loader: Any, tests: Any, _pattern: Any) -> Any:
    for backend in backends.BACKENDS:
        tests.addTests(
            driver.build_tests(
                DIRECTORY,
                loader,
                intercept=lambda: _app,
                test_loader_name=f'{__name__}.{backend}',
                fixture_module=_fixtures(backend),
            )
        )
    return tests
