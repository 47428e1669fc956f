# SPDX-License-Identifier: Apache-2.0

"""What the description of the API says, held against generated requests.

The requests are the same in each run, half of them as the description asks
for, half of them not. A long run makes more of them.
"""

from collections.abc import Iterable
import os
from typing import Any

import hypothesis
from oslotest import base
import schemathesis
from schemathesis.specs.openapi import checks
import testscenarios

from nova_sg import exception
from nova_sg.tests.fixtures import long
from nova_sg.tests.fixtures import rest

load_tests = testscenarios.load_tests_apply_scenarios

#: Requests to each operation at each version, and in either mode while the
#: backend is away.
EXAMPLES = long.times(20, 200)
AWAY = long.times(10, 20)

#: The first and the last version, and both sides of the two that change most.
VERSIONS = ('2.1', '2.52', '2.53', '2.87', '2.88', '2.104')

MODES = tuple(schemathesis.GenerationMode)

CHECKS = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]


def _scenarios(versions: Iterable[str]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f'{version} {mode.value}', {'version': version, 'mode': mode})
        for version in versions
        for mode in MODES
    ]


class GeneratedTestCase(base.BaseTestCase):
    version: str
    mode: schemathesis.GenerationMode
    examples: int
    scenarios = _scenarios(VERSIONS)

    def setUp(self) -> None:
        super().setUp()
        self.cloud = self.useFixture(
            rest.Cloud(servicegroup={'report_interval': 1})
        )
        self.headers = {
            'X-Auth-Token': 'admin',
            'OpenStack-API-Version': f'compute {self.version}',
        }
        self.schema = schemathesis.openapi.from_wsgi(
            '/openapi.json', self.cloud.app, headers=self.headers
        )

    def ask(self, check: Any) -> int:
        """Make requests to each operation, and hand each answer on.

        :returns: how many requests there were
        """
        asked = 0
        for result in self.schema.get_all_operations():
            operation = result.ok()

            @hypothesis.seed(20261124)
            @hypothesis.settings(
                max_examples=self.examples,
                database=None,
                deadline=None,
                phases=[hypothesis.Phase.generate],
                suppress_health_check=list(hypothesis.HealthCheck),
            )
            @hypothesis.given(
                case=operation.as_strategy(generation_mode=self.mode)
            )
            def request(case: Any) -> None:
                nonlocal asked
                asked += 1
                check(case, case.call(headers=self.headers))

            try:
                request()
            except hypothesis.errors.Unsatisfiable:
                # Nothing of it can be wrong: it takes no parameters.
                self.assertEqual(
                    schemathesis.GenerationMode.NEGATIVE, self.mode
                )
        return asked


class TestGenerated(GeneratedTestCase):
    examples = EXAMPLES // len(MODES)

    def test_answers_are_as_described(self):
        def check(case, response):
            self.assertNotIn(response.status_code, (500, 503), response.text)
            case.validate_response(response, checks=CHECKS)

        self.assertGreater(self.ask(check), self.examples)


class TestWithoutBackend(GeneratedTestCase):
    examples = AWAY
    # Whether the backend is asked does not depend on the version.
    scenarios = _scenarios(long.matrix(('2.1', '2.104'), VERSIONS[1:-1]))

    def test_nothing_is_answered_but_that_it_is_away(self):
        database = self.cloud.conf.database.connection
        directory = os.path.dirname(database.removeprefix('sqlite:///'))
        os.rename(directory, f'{directory}.away')
        self.addCleanup(os.rename, f'{directory}.away', directory)
        valid = self.mode is schemathesis.GenerationMode.POSITIVE
        refusals = (400, 404) if valid else range(400, 500)
        away = 0

        def check(case, response):
            nonlocal away
            if case.operation.path == '/v2.1/':
                return
            case.validate_response(response, checks=CHECKS)
            if response.status_code == 503:
                away += 1
                self.assertIn(exception.UNAVAILABLE, response.text)
                self.assertIn('retry-after', response.headers)
                return
            # What is wrong in itself needs no backend to be refused.
            self.assertIn(response.status_code, refusals, response.text)

        asked = self.ask(check)
        if valid:
            self.assertGreater(away, asked // 2)
