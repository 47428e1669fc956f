# SPDX-License-Identifier: Apache-2.0

"""A broker that refuses what only a person can mend."""

import testscenarios

from nova_sg.tests.fixtures import databases
from nova_sg.tests.fixtures.servers import ports
from nova_sg.tests.functional.configurations import base
from nova_sg.tests.functional.configurations import servers

load_tests = testscenarios.load_tests_apply_scenarios


class TestBrokerRefuses(base.ConfigurationTestCase):
    scenarios = [
        ('the password', {'user': 'nova:hush', 'says': 'ACCESS_REFUSED'}),
        ('the virtual host', {'vhost': 'none', 'says': 'NOT_ALLOWED'}),
        ('TLS', {'query': '?ssl=1', 'says': 'TLS: WRONG_VERSION_NUMBER'}),
    ]
    user = servers.credentials()
    vhost = query = ''

    def test_it_is_one_line_that_names_the_option(self):
        url = self.useFixture(databases.SqliteDatabase()).url
        self.write(
            'nova.conf',
            {
                'DEFAULT': {
                    'transport_url': f'rabbit://{self.user}@{ports.HOST}:'
                    f'{self.broker.port}/{self.vhost}{self.query}'
                },
                'database': {'connection': url},
            },
        )
        conductor = self.start('conductor')
        listed = self.manage('service', 'list', remote=True)
        self.assertEqual((2, ''), (listed.code, listed.out), listed)
        self.assertEqual(2, conductor.wait(), conductor.log)
        for said in (listed.err, conductor.log):
            self.assertEqual(1, said.count('\n'), said)
            self.assertIn('error: [DEFAULT] transport_url: ', said)
            self.assertIn(self.says, said)
            self.assertNotIn('hush', said)
