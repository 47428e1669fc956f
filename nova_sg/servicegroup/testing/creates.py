# SPDX-License-Identifier: Apache-2.0

"""Promises of the API: what may be registered, and changed to what."""

from typing import Any

from nova_sg import exception
from nova_sg.servicegroup.testing import base


class CreateTests(base.QuietTest):
    """A service is registered by the rules of the deployment."""

    def refused(
        self, error: type[Exception], values: dict[str, Any]
    ) -> Exception:
        """Check that a create is refused and leaves nothing behind."""
        with self.unchanged():
            raised = self.assertRaises(
                error, self.api.create, self.context, values
            )
        assert isinstance(raised, Exception)
        return raised

    def test_a_service_needs_a_binary_and_no_empty_host(self) -> None:
        for values in (
            {},
            {'host': 'host1'},
            {'host': '', 'binary': 'nova-compute'},
            {'host': 'host1', 'binary': ''},
            {'host': None, 'binary': 'nova-compute'},
        ):
            self.refused(exception.InvalidInput, values)

    def test_what_no_backend_can_keep_is_refused(self) -> None:
        for field, value in (
            ('host', 'x' * 256),
            ('binary', 'x' * 256),
            ('topic', 'x' * 256),
            ('disabled_reason', 'x' * 256),
            ('host', 'a\0b'),
            ('host', 'a\nb'),
            ('disabled_reason', 'a\0b'),
            ('disabled_reason', '\ud800'),
        ):
            values = {'host': 'host1', 'binary': 'nova-compute', field: value}
            error = self.refused(exception.InvalidInput, values)
            self.assertIn(field, str(error))

    def test_fields_that_are_not_the_callers_are_refused(self) -> None:
        for field in ('id', 'created_at', 'deleted', 'nonsense'):
            values = {'host': 'host1', 'binary': 'nova-compute', field: None}
            error = self.refused(exception.InvalidInput, values)
            self.assertIn(field, str(error))

    def test_a_service_older_than_the_deployment_is_refused(self) -> None:
        self.register('host1', version=5)
        self.refused(
            exception.ServiceTooOld,
            {'host': 'host2', 'binary': 'nova-compute', 'version': 4},
        )
        self.register('host2', version=5)
        self.register('host3', version=6)

    def test_the_floor_is_the_lowest_version_there_is(self) -> None:
        old = self.register('host1', version=5)
        self.register('host2', version=6)
        self.register('host3', version=5)
        self.api.destroy(self.context, old.uuid)
        self.register('host4', version=5)

    def test_the_floor_is_of_one_binary(self) -> None:
        self.register('host1', 'nova-scheduler', version=5)
        self.register('host1', 'nova-compute', version=1)

    def test_services_forced_down_do_not_hold_the_floor(self) -> None:
        self.register('host1', version=5, forced_down=True)
        self.register('host2', version=4)

    def test_an_update_is_held_to_the_floor(self) -> None:
        service = self.register('host1', version=5)
        self.register('host2', version=6)
        with self.unchanged():
            self.assertRaises(
                exception.ServiceTooOld,
                self.api.update,
                self.context,
                service.uuid,
                {'version': 4},
            )
        changed = self.api.update(self.context, service.uuid, {'version': 6})
        self.assertEqual(6, changed.version)

    def test_an_update_of_what_is_not_the_callers_is_refused(self) -> None:
        service = self.register()
        with self.unchanged():
            for field, value in (
                ('uuid', service.uuid),
                ('report_count', 1),
                ('last_seen_up', None),
                ('host', ''),
                ('host', None),
                ('disabled_reason', 'x' * 256),
            ):
                error = self.assertRaises(
                    exception.InvalidInput,
                    self.api.update,
                    self.context,
                    service.uuid,
                    {field: value},
                )
                self.assertIn(field, str(error))

    def test_new_computes_wait_where_they_are_not_enabled(self) -> None:
        api = self.new_api({'DEFAULT': {'enable_new_services': False}})
        compute, scheduler = (
            api.create(self.context, {'host': 'host1', 'binary': binary})
            for binary in ('nova-compute', 'nova-scheduler')
        )
        self.assertTrue(compute.disabled)
        self.assertIn('enable_new_services', compute.disabled_reason or '')
        self.assertFalse(scheduler.disabled)
        enabled = api.update(
            self.context,
            compute.uuid,
            {'disabled': False, 'disabled_reason': None},
        )
        self.assertFalse(enabled.disabled)

    def test_the_minimum_version_is_of_all_the_binaries(self) -> None:
        self.register('host1', 'nova-compute', version=5)
        self.register('host1', 'nova-scheduler', version=3)
        self.register('host1', 'nova-conductor', version=1)
        for binaries, minimum in (
            (['nova-compute'], 5),
            (['nova-compute', 'nova-scheduler'], 3),
            (['nova-compute', 'nova-none'], 5),
            (['nova-none'], 0),
            ([], 0),
        ):
            self.assertEqual(
                minimum, self.api.minimum_version(self.context, binaries)
            )

    def test_the_minimum_version_is_of_novas_binaries(self) -> None:
        self.assertRaises(
            exception.ObjectActionError,
            self.api.minimum_version,
            self.context,
            ['nova-compute', 'cinder-volume'],
        )
