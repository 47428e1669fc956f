# SPDX-License-Identifier: Apache-2.0

"""The environment, without options of the caller's."""

import os

import fixtures


class Environment(fixtures.Fixture):
    """Take the options of nova_sg out of the environment.

    They would go before the configuration of a test.

    :param options: what to put into it instead, by name of variable
    """

    def __init__(self, **options: str) -> None:
        super().__init__()
        self._options = options

    def _setUp(self) -> None:
        for name in os.environ:
            if name.startswith('OS_') and '__' in name:
                self.useFixture(fixtures.EnvironmentVariable(name))
        for name, value in self._options.items():
            self.useFixture(fixtures.EnvironmentVariable(name, value))
