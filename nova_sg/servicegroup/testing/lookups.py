# SPDX-License-Identifier: Apache-2.0

"""Promises of a record store: what is found, by which rule."""

import uuid

from nova_sg import exception
from nova_sg.servicegroup import record
from nova_sg.servicegroup.testing import base


class LookupTests(base.QuietTest):
    """Records are found by the rules of nova's getters."""

    def names(self, **filters: str | bool | None) -> list[str]:
        """Return host/binary of what a list with these filters shows."""
        # Ids need not grow, so that a list is in any order.
        return sorted(
            f'{each.host}/{each.binary}'
            for each in self.records.list(self.context, **filters)  # type: ignore[arg-type]
        )

    def register_a_few(self) -> list[record.Record]:
        """Register two computes and two schedulers, two of them disabled."""
        return [
            self.register('host1', 'nova-compute'),
            self.register('host2', 'nova-compute', disabled=True),
            self.register('host1', 'nova-scheduler', disabled=True),
            self.register('host3', 'nova-scheduler'),
        ]

    def test_nothing_is_found_in_an_empty_backend(self) -> None:
        self.assertEqual([], list(self.records.list(self.context)))
        self.assertEqual(
            {}, self.records.minimum_versions(self.context, ['nova-compute'])
        )

    def test_a_list_is_in_the_order_of_ids(self) -> None:
        created = self.register_a_few()
        found = self.records.list(self.context)
        self.assertEqual(
            sorted(created, key=lambda each: each.id), list(found)
        )

    def test_a_list_is_of_a_host(self) -> None:
        self.register_a_few()
        self.assertEqual(
            ['host1/nova-compute', 'host1/nova-scheduler'],
            self.names(host='host1'),
        )

    def test_a_list_is_of_a_binary(self) -> None:
        self.register_a_few()
        self.assertEqual(
            ['host1/nova-compute', 'host2/nova-compute'],
            self.names(binary='nova-compute'),
        )

    def test_the_services_of_a_binary_on_some_hosts_are_found(self) -> None:
        one, two, *_ = self.register_a_few()
        gone = self.register('host4', 'nova-compute')
        self.records.destroy(self.context, gone.uuid)
        hosts = ['host1', 'host2', 'host2', 'host3', 'host4', 'other']
        for _ in range(2):
            self.assertCountEqual(
                [one, two],
                self.records.of_hosts(self.context, 'nova-compute', hosts),
            )
        self.records.update(self.context, two.uuid, {'disabled': False})
        found = self.records.of_hosts(self.context, 'nova-compute', ['host2'])
        self.assertEqual([False], [each.disabled for each in found])

    def test_a_list_is_of_a_topic(self) -> None:
        self.register_a_few()
        self.register('host4', 'nova-osapi_compute', topic=None)
        self.assertEqual(
            ['host1/nova-scheduler', 'host3/nova-scheduler'],
            self.names(topic='scheduler'),
        )

    def test_a_list_is_of_disabled_or_of_enabled_services(self) -> None:
        self.register_a_few()
        self.assertEqual(
            ['host1/nova-scheduler', 'host2/nova-compute'],
            self.names(disabled=True),
        )
        self.assertEqual(
            ['host1/nova-compute', 'host3/nova-scheduler'],
            self.names(disabled=False),
        )

    def test_all_filters_of_a_list_hold_at_once(self) -> None:
        self.register_a_few()
        self.assertEqual(
            ['host1/nova-scheduler'],
            self.names(
                host='host1',
                binary='nova-scheduler',
                topic='scheduler',
                disabled=True,
            ),
        )
        self.assertEqual([], self.names(host='host2', topic='scheduler'))

    def test_a_record_is_found_by_uuid_and_by_id(self) -> None:
        for created in self.register_a_few():
            self.assertEqual(
                created, self.records.get_by_uuid(self.context, created.uuid)
            )
            self.assertEqual(
                created, self.records.get_by_id(self.context, created.id)
            )

    def test_an_unknown_uuid_or_id_is_not_found(self) -> None:
        created = self.register()
        self.assertRaises(
            exception.ServiceNotFound,
            self.records.get_by_uuid,
            self.context,
            str(uuid.uuid4()),
        )
        self.assertRaises(
            exception.ServiceNotFound,
            self.records.get_by_id,
            self.context,
            created.id + 1,
        )

    def test_host_and_binary_find_disabled_services_too(self) -> None:
        created = self.register_a_few()
        for each in created:
            found = self.records.get_by_host_and_binary(
                self.context, str(each.host), str(each.binary)
            )
            self.assertEqual(each, found)

    def test_host_and_binary_find_nothing_where_there_is_none(self) -> None:
        self.register_a_few()
        self.assertIsNone(
            self.records.get_by_host_and_binary(
                self.context, 'host3', 'nova-compute'
            )
        )

    def test_host_and_topic_skip_disabled_services(self) -> None:
        enabled, disabled, *_ = self.register_a_few()
        self.assertEqual(
            enabled,
            self.records.get_by_host_and_topic(
                self.context, 'host1', 'compute'
            ),
        )
        self.assertIsNone(
            self.records.get_by_host_and_topic(
                self.context, 'host2', 'compute'
            )
        )
        enabled_again = self.records.update(
            self.context, disabled.uuid, {'disabled': False}
        )
        self.assertEqual(
            enabled_again,
            self.records.get_by_host_and_topic(
                self.context, 'host2', 'compute'
            ),
        )

    def test_the_minimum_version_is_of_each_binary(self) -> None:
        self.register('host1', 'nova-compute', version=6)
        self.records.create(
            self.context,
            {'host': 'host2', 'binary': 'nova-compute', 'version': 4},
        )
        self.register('host1', 'nova-scheduler', version=5)
        self.register('host1', 'nova-conductor', version=1)
        self.assertEqual(
            {'nova-compute': 4, 'nova-scheduler': 5},
            self.records.minimum_versions(
                self.context, ['nova-compute', 'nova-scheduler', 'nova-none']
            ),
        )

    def test_the_minimum_version_counts_disabled_services(self) -> None:
        self.register('host1', version=3, disabled=True)
        self.register('host2', version=4)
        self.assertEqual(
            {'nova-compute': 3},
            self.records.minimum_versions(self.context, ['nova-compute']),
        )

    def test_the_minimum_version_skips_services_forced_down(self) -> None:
        old = self.register('host1', version=3)
        self.register('host2', version=4)
        self.records.update(self.context, old.uuid, {'forced_down': True})
        self.assertEqual(
            {'nova-compute': 4},
            self.records.minimum_versions(self.context, ['nova-compute']),
        )

    def test_the_minimum_version_skips_destroyed_services(self) -> None:
        old = self.register('host1', version=3)
        self.register('host2', version=4)
        self.records.destroy(self.context, old.uuid)
        self.assertEqual(
            {'nova-compute': 4},
            self.records.minimum_versions(self.context, ['nova-compute']),
        )

    def test_a_list_costs_the_same_for_any_number_of_services(self) -> None:
        self.register('host0')
        self.records.list(self.context)
        with self.deployment.round_trips() as few:
            self.records.list(self.context)
        for number in range(1, 40):
            self.register(f'host{number}')
        with self.deployment.round_trips() as many:
            self.assertEqual(40, len(self.records.list(self.context)))
        self.assertEqual(few(), many())

    def test_so_do_the_services_of_any_number_of_hosts(self) -> None:
        hosts = [f'host{number}' for number in range(40)]
        for host in hosts:
            self.register(host)

        def cost(some: list[str]) -> int:
            with self.deployment.round_trips() as trips:
                found = self.records.of_hosts(
                    self.context, 'nova-compute', some
                )
                self.assertEqual(len(some), len(found))
            return trips()

        cost(hosts)
        self.assertEqual(cost(hosts[:1]), cost(hosts))
