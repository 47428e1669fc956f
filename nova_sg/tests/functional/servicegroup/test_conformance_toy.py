# SPDX-License-Identifier: Apache-2.0

"""A driver of somebody else's is found, and holds what it declares."""

from importlib import metadata

import fixtures
from oslotest import base

from nova_sg import conf as sg_conf
from nova_sg import exception
from nova_sg.conf import drivers
from nova_sg.conf import opts
from nova_sg.conf import values
from nova_sg.servicegroup import loader
from nova_sg.servicegroup import testing
from nova_sg.tests.fixtures import long
from nova_sg.tests.functional.servicegroup import service_objects
from nova_sg.tests.functional.servicegroup import toy_deployments

testing.bind(toy_deployments.ToyDeployment, globals())

# Its records have no place for a history, and its members carry no invocation.
for _name in ('TestTransitions', 'TestRecorder'):
    del globals()[_name]
# Our own drivers tell whether these tests work; they cost the most.
long.leave_out(
    globals(),
    *('TestRacesOfProcesses', 'TestRacesOfThreads', 'TestHistory'),
    *('TestReads', 'TestWorkers', 'TestWorkerOfMany'),
)
globals()['TestReasons'].test_a_run_that_crashed_did_not_leave = None


class TestObjects(service_objects.ObjectTests):
    deployment_class = toy_deployments.ToyDeployment


class TestEntryPoint(base.BaseTestCase):
    """It is found by the name under which its distribution gives it."""

    def setUp(self) -> None:
        super().setUp()
        self.deployment = self.useFixture(toy_deployments.ToyDeployment())

    def test_the_driver_is_of_another_distribution(self) -> None:
        (found,) = metadata.entry_points(group=drivers.NAMESPACE, name='toy')
        self.assertEqual('nova-sg-toy', found.dist.name)
        driver = loader.load(self.deployment.load())
        self.assertIsInstance(driver, found.load())
        self.assertEqual(
            'nova_sg_toy.records', type(driver.records).__module__
        )

    def test_it_is_named_to_whom_asks_for_another(self) -> None:
        conf = self.deployment.load({'servicegroup': {'driver': 'toi'}})
        error = self.assertRaises(
            exception.InvalidConfiguration, loader.load, conf
        )
        self.assertIn("[servicegroup] driver: 'toi'", str(error))
        self.assertIn('toy', str(error).rpartition('there are')[2])

    def test_it_says_which_of_its_options_is_missing(self) -> None:
        conf = self.deployment.load({'toy': {'directory': ''}})
        error = self.assertRaises(
            exception.InvalidConfiguration, loader.load, conf
        )
        self.assertIn('[toy] directory', str(error))

    def test_its_options_are_in_the_sample(self) -> None:
        sampled = {
            getattr(group, 'name', group): [each.name for each in options]
            for group, options in opts.list_opts()
        }
        self.assertEqual(['directory'], sampled['toy'])

    def test_a_bad_value_of_its_options_stops_any_process(self) -> None:
        """Also one that uses another driver."""
        self.useFixture(
            fixtures.EnvironmentVariable('OS_TOY__DIRECTORY', 'srv')
        )
        error = self.assertRaises(
            exception.InvalidConfiguration, sg_conf.load, []
        )
        self.assertIn('[toy] directory', str(error))

    def test_a_typo_of_its_options_is_known(self) -> None:
        self.useFixture(
            fixtures.EnvironmentVariable('OS_TOY__DIRECTROY', '/srv')
        )
        self.assertEqual(
            ['OS_TOY__DIRECTROY'],
            values.unknown_environment(sg_conf.load([])),
        )
