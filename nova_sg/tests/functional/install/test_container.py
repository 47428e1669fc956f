# SPDX-License-Identifier: Apache-2.0

"""The description of the container image."""

import pathlib
import re

from oslotest import base

import nova_sg
from nova_sg.tests.fixtures import shell

TOP = pathlib.Path(nova_sg.__file__).parent.parent


class TestDockerfile(base.BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        text = (TOP / 'Dockerfile').read_text()
        text = re.sub(r'^#.*\n', '', text, flags=re.MULTILINE)
        text = text.replace('\\\n', '')
        #: (instruction, its arguments), in order.
        self.steps = [
            tuple(line.split(None, 1)) for line in text.splitlines() if line
        ]

    def of(self, instruction: str) -> list[str]:
        return [each[1] for each in self.steps if each[0] == instruction]

    def test_it_runs_as_a_user_of_its_own(self) -> None:
        self.assertEqual(['nova-sg'], self.of('USER'))
        self.assertIn(' nova-sg', self.of('RUN')[-1])

    def test_the_base_has_a_release(self) -> None:
        for image in self.of('FROM'):
            self.assertRegex(image, r'^debian:[a-z]+-slim( AS build)?$')

    def test_package_lists_do_not_stay_in_a_layer(self) -> None:
        for run in self.of('RUN'):
            if 'apt-get' in run:
                self.assertIn('--no-install-recommends', run)
                self.assertIn('rm -rf /var/lib/apt/lists/*', run)

    def test_each_shell_step_is_clean(self) -> None:
        script = 'export EXTRAS\n' + '\n'.join(self.of('RUN')) + '\n'
        self.assertEqual(
            '',
            shell.complaints('--shell=sh', '-', directory=TOP, script=script),
        )
