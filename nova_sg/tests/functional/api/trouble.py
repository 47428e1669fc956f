# SPDX-License-Identifier: Apache-2.0

"""A cloud whose backend goes away, and comes back."""

import os

import fixtures

from nova_sg import exception
from nova_sg.tests.functional.api import base


class TroubleTestCase(base.RestTestCase):
    """Asks while a backend is away."""

    options = {'servicegroup': {'report_interval': 1}}

    def take_database_away(self) -> None:
        url = self.cloud.conf.database.connection
        directory = os.path.dirname(url.removeprefix('sqlite:///'))
        os.rename(directory, f'{directory}.away')
        self.addCleanup(self.bring_database_back, directory)
        self.directory = directory

    @staticmethod
    def bring_database_back(directory: str) -> None:
        if os.path.exists(f'{directory}.away'):
            os.rename(f'{directory}.away', directory)

    def setUp(self) -> None:
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())

    def assert_away(self, response, names: str) -> None:
        self.assertEqual(503, response.status_int, response.text)
        self.assertEqual('10', response.headers['Retry-After'])
        fault = response.json['serviceUnavailable']
        request = response.headers['x-openstack-request-id']
        # What changes something may have been made.
        said = (exception.UNAVAILABLE, exception.OutcomeUnknown.public)
        self.assertIn(
            fault['message'], [f'{each} ({request})' for each in said]
        )
        self.assertIn(names, self.log.output)
