# SPDX-License-Identifier: Apache-2.0

"""The deployment in which the suite asks somebody else's driver."""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import importlib
import os
from typing import Any

import fixtures

from nova_sg.servicegroup import testing
from nova_sg.servicegroup.testing import deployment
from nova_sg.tests.fixtures import clock
from nova_sg.tests.toy import install


class ToyDeployment(testing.Deployment):
    """An empty directory; it is taken away by another name."""

    def make(self) -> deployment.Options:
        install.INSTALLED.get()
        parent = self.useFixture(fixtures.TempDir()).path
        self.shared = os.path.join(parent, 'shared')
        os.mkdir(self.shared)
        return {
            'servicegroup': {'driver': 'toy'},
            'toy': {'directory': self.shared},
        }

    @contextlib.contextmanager
    def round_trips(self) -> Iterator[Callable[[], int]]:
        files = self._module().Directory
        first = files.asked
        last: list[int] = []
        yield lambda: (last or [files.asked])[0] - first
        last.append(files.asked)

    def wrong_clock(self, seconds: float) -> clock.ShiftedClock:
        return clock.ShiftedClock(seconds)

    def add_field(self, uuid: str, name: str, value: str) -> None:
        with self._module().Directory(self.load()).change() as state:
            state['services'][uuid][name] = value

    def read_field(self, uuid: str, name: str) -> str | None:
        state = self._module().Directory(self.load()).read()
        field: str | None = state['services'][uuid].get(name)
        return field

    def kill(self) -> None:
        os.rename(self.shared, f'{self.shared}.away')

    def restart(self) -> None:
        os.rename(f'{self.shared}.away', self.shared)

    @staticmethod
    def _module() -> Any:
        return importlib.import_module('nova_sg_toy.directory')
