# SPDX-License-Identifier: Apache-2.0

"""Promises about services that are gone: no member brings one back."""

import uuid

from nova_sg import exception
from nova_sg.servicegroup import record
from nova_sg.servicegroup.membership import base as membership_base
from nova_sg.servicegroup.testing import base


class GoneTests(base.HealthyTest):
    """A record is destroyed while its service has members."""

    def join(self, service: record.Record) -> membership_base.Handle:
        return self.membership.join(self.context, service)

    def test_nobody_joins_a_service_that_is_gone(self) -> None:
        there, gone = self.register('host1'), self.register('host2')
        self.api.destroy(self.context, gone.uuid)
        handles = self.membership.join_many(self.context, [gone, there])
        self.assertEqual([there.uuid], [each.uuid for each in handles])
        self.assertRaises(exception.ServiceNotFound, self.join, gone)

    def test_a_beat_is_refused_where_a_service_is_gone_and_others_beat(
        self,
    ) -> None:
        services = [self.register(f'host{n}') for n in range(3)]
        handles = self.membership.join_many(self.context, services)
        gone = handles[1]
        self.api.destroy(self.context, gone.uuid)
        self.eventually(
            lambda: not any(each.up for each in self.alive().values()),
            'the silent services are down',
            within=self.conf.servicegroup.service_down_time,
        )
        self.assertEqual(
            [gone], list(self.membership.beat_many(self.context, handles))
        )
        self.assertEqual(
            [True, True], [each.up for each in self.alive().values()]
        )
        self.assertRaises(exception.ServiceNotFound, gone.beat, self.context)
        self.assertNotIn(gone.uuid, self.known(services))
        self.assertEqual(2, len(self.records.list(self.context)))

    def test_a_new_service_is_not_kept_up_by_the_old_one(self) -> None:
        old = self.register()
        handle = self.join(old)
        self.api.destroy(self.context, old.uuid)
        new = self.register()
        self.join(new).leave(self.context)
        self.assertRaises(exception.ServiceNotFound, handle.beat, self.context)
        self.assertFalse(self.is_up(new))

    def test_a_forgotten_membership_is_gone(self) -> None:
        service = self.register()
        self.join(service)
        self.membership.forget(self.context, service.uuid)
        self.records.destroy(self.context, service.uuid)
        self.assertEqual({}, self.known([service]))

    def test_what_is_unknown_is_not_down(self) -> None:
        service = self.register()
        self.join(service)
        unknown = str(uuid.uuid4())
        found = self.membership.alive(self.context, [service.uuid, unknown])
        self.assertEqual([service.uuid], list(found))
        self.assertEqual({}, self.membership.alive(self.context, []))
