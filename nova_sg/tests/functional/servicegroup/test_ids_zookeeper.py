# SPDX-License-Identifier: Apache-2.0

"""The ids of services in ZooKeeper, for which writers contend."""

import itertools

import fixtures

from nova_sg import exception
from nova_sg.tests.functional.servicegroup import zookeeper_base as base


class TestIds(base.ZooKeeperTestCase):
    request_timeout = 1

    def test_an_id_that_others_take_is_no_service_that_exists(self):
        api = self.process()
        taken = self.register(api)
        self.useFixture(
            fixtures.MonkeyPatch(
                'nova_sg.servicegroup.record.ids_to_try',
                lambda first: itertools.repeat(taken.id),
            )
        )
        error = self.assertRaises(
            exception.ServiceGroupUnavailable,
            api.create,
            self.context,
            {'host': 'c2', 'binary': 'nova-compute', 'topic': 'compute'},
        )
        self.assertIn('others took each id', str(error))
