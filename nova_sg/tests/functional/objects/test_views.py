# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""Services as a list shows them: the same as their objects show."""

from nova_sg import exception
from nova_sg import objects
from nova_sg.tests.fixtures import statements
from nova_sg.tests.functional.objects import base


class TestViews(base.ObjectsTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.api.inventory.set_zone('c1', 'az1')
        self.compute = self.service('c1')
        self.disabled = self.service(
            'c2', disabled=True, disabled_reason='disk'
        )
        self.forced = self.service('c3', forced_down=True)
        self.scheduler = self.service('c1', 'nova-scheduler', 'scheduler')

    def views(self, **filters):
        return objects.list_services(self.context, set_zones=True, **filters)

    def test_each_is_what_its_object_shows(self):
        loaded = objects.ServiceGroupServiceList.get_all(
            self.context, set_zones=True
        )
        self.assertEqual(4, len(loaded))
        self.assertEqual(
            [objects.ServiceView.of(each) for each in loaded], self.views()
        )
        self.assertEqual(
            ['az1', 'nova', 'nova', 'internal'],
            [each.zone for each in self.views()],
        )
        self.assertEqual(
            [True, True, False, True], [each.is_up for each in self.views()]
        )

    def test_a_beat_shows_as_its_update(self):
        (before,) = self.views(host='c3')
        self.forced.report_state()
        (after,) = self.views(host='c3')
        self.assertGreaterEqual(after.updated_at, self.forced.created_at)
        self.assertIsNotNone(after.updated_at)
        self.assertIsNone(before.updated_at)

    def test_filters_are_the_backends_work(self):
        for filters, expected in (
            ({'host': 'c1'}, [self.compute, self.scheduler]),
            ({'binary': 'nova-scheduler'}, [self.scheduler]),
            ({'host': 'c2', 'binary': 'nova-compute'}, [self.disabled]),
            ({'disabled': True}, [self.disabled]),
            ({'host': 'c9'}, []),
        ):
            with statements.StatementCounter() as counted:
                found = objects.list_services(self.context, **filters)
            self.assertEqual(
                [each.uuid for each in expected], [each.uuid for each in found]
            )
            self.assertEqual(1, len(counted), counted)
            self.assertEqual({None}, {each.zone for each in found} | {None})

    def test_over_the_wire_they_are_the_same(self):
        # As a process without a database: what it asks is counted.
        class Wire:
            asked = 0

            def object_class_action_versions(
                self, context, name, method, versions, args, kwargs
            ):
                Wire.asked += 1
                direct = objects.ServiceGroupServiceList
                direct.indirection_api = None
                try:
                    return getattr(direct, method)(context, *args, **kwargs)
                finally:
                    direct.indirection_api = self

        expected = [self.views(), self.views(host='c1', disabled=False)]
        self.addCleanup(
            setattr, objects.ServiceGroupServiceList, 'indirection_api', None
        )
        objects.ServiceGroupServiceList.indirection_api = Wire()
        self.assertEqual(
            expected, [self.views(), self.views(host='c1', disabled=False)]
        )
        self.assertEqual(2, Wire.asked)

    def test_without_a_backend_nothing_is_listed(self):
        def away(*_args, **_filters):
            raise exception.ServiceGroupUnavailable(
                backend='db', reason='it is away'
            )

        self.api.driver.list = away
        self.assertRaises(exception.ServiceGroupUnavailable, self.views)
