# SPDX-License-Identifier: Apache-2.0

"""The deployment in which the conformance suite asks the toy driver."""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import datetime
import json
import os
from typing import Any

import fixtures
import time_machine

from nova_sg.servicegroup import testing
from nova_sg.servicegroup.testing import deployment


class ToyDeployment(testing.Deployment):
    """An empty directory; it is taken away by another name."""

    def make(self) -> deployment.Options:
        parent = self.useFixture(fixtures.TempDir()).path
        self.shared = os.path.join(parent, 'shared')
        os.mkdir(self.shared)
        return {
            'servicegroup': {'driver': 'toy'},
            'toy': {'directory': self.shared},
        }

    @contextlib.contextmanager
    def round_trips(self) -> Iterator[Callable[[], int]]:
        files = self._files()
        first = files.asked
        last: list[int] = []
        yield lambda: (last or [files.asked])[0] - first
        last.append(files.asked)

    def wrong_clock(self, seconds: float) -> Any:
        return time_machine.travel(datetime.timedelta(seconds=seconds))

    def add_field(self, uuid: str, name: str, value: str) -> None:
        with self._files().change() as state:
            stored = json.loads(state['services'][uuid])
            state['services'][uuid] = json.dumps({**stored, name: value})

    def read_field(self, uuid: str, name: str) -> str | None:
        state = self._files().read()
        field: str | None = json.loads(state['services'][uuid]).get(name)
        return field

    def kill(self) -> None:
        os.rename(self.shared, f'{self.shared}.away')

    def restart(self) -> None:
        os.rename(f'{self.shared}.away', self.shared)

    def _files(self) -> Any:
        from nova_sg_toy import directory

        return directory.Directory(self.load())
