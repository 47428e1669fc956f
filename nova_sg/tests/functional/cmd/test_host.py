# SPDX-License-Identifier: Apache-2.0


"""``nova-sg-manage host set-zone``."""

from nova_sg.tests.functional.cmd import base


class TestSetZone(base.CommandTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.service()
        self.service('ctl', 'nova-scheduler', 'scheduler')

    def zone(self) -> str:
        return self.api.inventory.zone_of('c1', 'compute')

    def test_a_host_moves_from_zone_to_zone(self):
        for zone in ('az1', 'az2', 'zone d’été 2', 'az1', 'z' * 255):
            self.assertEqual('', self.done('host', 'set-zone', 'c1', zone).out)
            self.assertEqual(zone, self.zone())

    def test_setting_a_zone_again_changes_nothing(self):
        self.done('host', 'set-zone', 'c1', 'az1')
        before = self.api.inventory.aggregates()
        self.done('host', 'set-zone', 'c1', 'az1')
        self.assertEqual(before, self.api.inventory.aggregates())

    def test_a_host_without_a_compute_is_not_found(self):
        for host in ('c9', 'ctl'):
            self.assert_error(
                3,
                f'Compute host {host} could not be found',
                self.manage('host', 'set-zone', host, 'az1'),
            )
        self.assertEqual([], self.api.inventory.aggregates())

    def test_names_that_cannot_be_a_zone_are_bad_usage(self):
        for zone, says in (
            ('', '1 to 255 characters, not 0'),
            ('z' * 256, '1 to 255 characters, not 256'),
            ('az:c1', 'a colon'),
            ('az1,az2', 'a comma'),
            ('a\nb', 'cannot be printed'),
            ('\udcff', 'cannot be printed'),
            (' az', 'a space around it'),
        ):
            self.assert_error(
                2, says, self.manage('host', 'set-zone', 'c1', zone)
            )
        self.assertEqual('nova', self.zone())

    def test_the_zone_of_other_services_is_bad_usage(self):
        self.option('DEFAULT__INTERNAL_SERVICE_AVAILABILITY_ZONE', 'control')
        self.assert_error(
            2,
            "'control' is the zone of services other than nova-compute",
            self.manage('host', 'set-zone', 'c1', 'control'),
        )
        self.done('host', 'set-zone', 'c1', 'internal')
        self.assertEqual('internal', self.zone())

    def test_without_an_inventory_it_is_bad_usage(self):
        self.option('INVENTORY__BACKEND', 'none')
        self.assert_error(
            2,
            r'\[inventory\] backend is none',
            self.manage('host', 'set-zone', 'c1', 'az1'),
        )
