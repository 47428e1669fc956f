# SPDX-License-Identifier: Apache-2.0

"""What an operator is told of the ensemble."""

from nova_sg.servicegroup import maintenance
from nova_sg.tests.functional.servicegroup import zookeeper_base as base


class TestCheck(base.ZooKeeperTestCase):
    def facts(self, **options):
        stores = self.process(**options).driver.marker_stores()
        (backend,) = maintenance.ask(stores)
        self.assertGreater(backend.round_trip, 0)
        self.assertIn(self.root, backend.name)
        return backend.facts

    def test_an_empty_chroot_is_said_to_be_empty(self):
        facts = self.facts()
        self.assertRegex(facts['zookeeper_version'], r'^3\.[0-9]+\.[0-9]+$')
        self.assertEqual('1.5 s', facts['session_timeout'])
        self.assertEqual('no', facts['tls'])
        self.assertEqual(0, facts['members'])
        self.assertEqual('nothing is there yet', facts['access'])

    def test_the_granted_session_timeout_is_told(self):
        self.assertEqual(
            '0.5 s', self.facts(session_timeout=0.5)['session_timeout']
        )
        self.assertEqual(
            '40 s', self.facts(session_timeout=500)['session_timeout']
        )

    def test_members_are_counted(self):
        api = self.process()
        services = [self.register(api, f'host{n}') for n in range(3)]
        api.join_many(self.context, [*services, services[0]])
        self.assertEqual(4, self.facts()['members'])

    def test_who_may_change_it_is_told(self):
        self.register(self.process())
        self.assertEqual('everybody may change it', self.facts()['access'])
        self.root += '/closed'
        options = {'username': 'nova', 'password': 'hush-hush'}
        self.register(self.process(**options))
        self.assertEqual(
            'only digest:nova may change it', self.facts(**options)['access']
        )
