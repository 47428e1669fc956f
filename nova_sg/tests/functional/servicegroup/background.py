# SPDX-License-Identifier: Apache-2.0

"""What a test has done beside itself, while it makes a fault."""

from collections.abc import Callable
import itertools
import threading

import fixtures


class Background(fixtures.Fixture):
    """A thread that does one thing again and again until the test is over.

    :param step: does it, and is given how often it was done before
    :param pause: seconds between two times
    """

    def __init__(
        self, step: Callable[[int], object], pause: float = 0.02
    ) -> None:
        super().__init__()
        self._step = step
        self._pause = pause

    def _setUp(self) -> None:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self.addCleanup(self.stop)

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        for number in itertools.count():
            if self._over.wait(self._pause):
                return
            self._step(number)
