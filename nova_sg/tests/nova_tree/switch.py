# SPDX-License-Identifier: Apache-2.0

"""Switching nova_sg on in a nova, and off again."""

from typing import Any
from unittest import mock

from nova import objects
from nova import service
from nova import test
from nova import version as nova_version
from nova.db.main import api as db
from nova.objects import service as nova_service
from nova.servicegroup import api as nova_api
from nova.servicegroup.drivers import db as db_driver
from nova.servicegroup.drivers import mc as mc_driver
from oslo_versionedobjects import fixture

from nova_sg import exception
from nova_sg import nova_tree
from nova_sg.nova_tree import takeovers
from nova_sg.nova_tree import testing


def fingerprints() -> dict[str, str]:
    """Return the fingerprints of what nova has for services."""
    return fixture.ObjectVersionChecker(
        {
            'Service': [objects.Service],
            'ServiceList': [objects.ServiceList],
        }
    ).get_hashes()


def what_nova_has() -> dict[str, Any]:
    """Return what is taken over, by name."""
    registry = objects.base.NovaObjectRegistry._registry._obj_classes
    return {
        **{
            f'db.{name}': there
            for name, there in vars(db).items()
            if name.startswith(('service_', 'instance_', 'compute_node_'))
        },
        'objects.Service': objects.Service,
        'objects.ServiceList': objects.ServiceList,
        'service.Service': nova_service.Service,
        'service.ServiceList': nova_service.ServiceList,
        'registered': [list(registry['Service']), *registry['ServiceList']],
        'API.__init__': vars(nova_api.API)['__init__'],
        'stop': vars(service.Service)['stop'],
    }


class TestSwitch(test.NoDBTestCase):
    def setUp(self) -> None:
        super().setUp()
        nova_tree.disable()
        self.addCleanup(testing.enable)

    def test_the_objects_have_the_fingerprints_of_novas(self):
        novas, stock = fingerprints(), objects.Service
        nova_tree.enable()
        self.assertIsNot(stock, objects.Service)
        self.assertEqual(novas, fingerprints())

    def test_the_objects_are_bound_to_all_their_names(self):
        nova_tree.enable()
        registry = objects.base.NovaObjectRegistry.obj_classes()
        for name in ('Service', 'ServiceList'):
            ours = getattr(objects, name)
            self.assertEqual('nova_sg.nova_tree.service', ours.__module__)
            self.assertIs(ours, getattr(nova_service, name))
            self.assertEqual([ours], registry[name])

    def test_everything_is_given_back(self):
        before = what_nova_has()
        nova_tree.enable()
        taken = what_nova_has()
        nova_tree.disable()
        self.assertEqual(before, what_nova_has())
        for name in ('db.service_get', 'objects.Service', 'stop'):
            self.assertNotEqual(before[name], taken[name])

    def test_enabling_twice_is_enabling_once(self):
        nova_tree.enable()
        taken = what_nova_has()
        nova_tree.enable()
        self.assertEqual(taken, what_nova_has())

    def test_a_nova_of_another_shape_is_refused_and_left_alone(self):
        def service_get(context, service_id, columns):
            """Take a parameter more than nova's."""

        self.stub_out('nova.db.main.api.service_get', service_get)
        before = what_nova_has()
        error = self.assertRaises(exception.UnexpectedNova, nova_tree.enable)
        self.assertEqual(before, what_nova_has())
        self.assertIn('the service functions of nova.db.main.api', str(error))
        self.assertIn(nova_version.version_string(), str(error))
        self.assertIn('service_get to take (context, service_id)', str(error))

    def test_objects_of_another_shape_are_refused(self):
        for name in ('destroy', 'get_minimum_version', 'get_by_uuid'):
            there = vars(objects.Service)[name]
            with mock.patch.object(
                getattr(there, '__func__', there),
                'original_fn',
                lambda cls, more: None,
            ):
                error = self.assertRaises(
                    exception.UnexpectedNova, nova_tree.enable
                )
            self.assertIn('remotable methods of Service', str(error))
        with mock.patch.object(
            objects.Service, '_check_minimum_version', lambda self, more: None
        ):
            error = self.assertRaises(
                exception.UnexpectedNova, nova_tree.enable
            )
        self.assertIn('Service._check_minimum_version', str(error))

    def test_a_function_that_nova_has_gained_is_refused(self):
        self.addCleanup(vars(db).pop, 'service_rename')
        db.service_rename = lambda context, name: None
        error = self.assertRaises(exception.UnexpectedNova, nova_tree.enable)
        self.assertIn('service_rename', str(error))

    def test_a_release_that_was_not_tested_starts_with_a_warning(self):
        nova_tree.enable()
        self.assertNotIn('was not tested', self.stdlog.logger.output)
        nova_tree.disable()
        self.stub_out('nova.version.version_string', lambda: '99.0.1')
        nova_tree.enable()
        self.assertIn(
            'nova_sg was not tested with nova 99.0.1',
            self.stdlog.logger.output,
        )

    def test_a_takeover_that_fails_takes_the_others_back(self):
        def take(self, patches):
            raise RuntimeError('half way')

        last = takeovers.TAKEOVERS[-1]
        self.stub_out(f'{last.__module__}.{last.__qualname__}.take', take)
        before = what_nova_has()
        self.assertRaises(RuntimeError, nova_tree.enable)
        self.assertEqual(before, what_nova_has())


class TestOptions(test.NoDBTestCase):
    def setUp(self) -> None:
        super().setUp()
        testing.enable()

    def test_without_a_driver_nova_has_its_own(self):
        self.flags(driver=None, group='servicegroup')
        for name, driver in (
            ('db', db_driver.DbDriver),
            ('mc', mc_driver.MemcachedDriver),
        ):
            self.flags(servicegroup_driver=name)
            self.assertIs(driver, type(nova_api.API()._driver))

    def test_a_driver_that_is_not_there_is_refused_by_name(self):
        self.flags(driver='zkk', group='servicegroup')
        error = self.assertRaises(exception.InvalidConfiguration, nova_api.API)
        self.assertIn('[servicegroup] driver', str(error))
        self.assertIn('zkk', str(error))

    def test_records_that_do_not_go_with_the_driver_are_refused(self):
        self.flags(driver='db', records='zookeeper', group='servicegroup')
        error = self.assertRaises(exception.InvalidConfiguration, nova_api.API)
        self.assertIn('[servicegroup] records', str(error))
