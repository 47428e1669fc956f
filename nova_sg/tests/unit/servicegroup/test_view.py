# SPDX-License-Identifier: Apache-2.0

"""The indexes of records in memory, and the filters of a list."""

from typing import Any

from oslotest import base

from nova_sg.servicegroup import record
from nova_sg.servicegroup import view


def _record(number: int, **values: Any) -> record.Record:
    defaults: dict[str, Any] = {
        'host': 'host1',
        'binary': 'nova-compute',
        'topic': 'compute',
    }
    return record.Record(
        id=number, uuid=f'uuid{number}', **{**defaults, **values}
    )


class TestView(base.BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.records = [
            _record(3, host='host2', version=5),
            _record(1, disabled=True, version=7),
            _record(2, binary='nova-api', topic=None, version=9),
            _record(4, host='host3', version=1, forced_down=True),
        ]
        self.view = view.View({each.uuid: each for each in self.records})

    def ids(self, **filters: Any) -> list[int]:
        return [each.id for each in self.view.select(**filters)]

    def test_a_list_is_by_id_whatever_filters_it(self) -> None:
        self.assertEqual([1, 2, 3, 4], self.ids())
        self.assertEqual([1, 2], self.ids(host='host1'))
        self.assertEqual([1, 3, 4], self.ids(binary='nova-compute'))

    def test_all_filters_count_and_false_is_a_filter(self) -> None:
        self.assertEqual([1], self.ids(topic='compute', disabled=True))
        self.assertEqual([2], self.ids(host='host1', disabled=False))
        self.assertEqual([], self.ids(host='host9'))

    def test_the_view_and_a_plain_list_are_filtered_alike(self) -> None:
        for filters in ({'host': 'host1'}, {'topic': 'compute'}, {}):
            self.assertEqual(
                self.view.select(**filters),
                view.select(view.in_order(self.records), **filters),
            )

    def test_a_version_forced_down_is_not_the_lowest(self) -> None:
        self.assertEqual(
            {'nova-compute': 5, 'nova-api': 9},
            self.view.minimum_versions(['nova-compute', 'nova-api', 'none']),
        )
