# SPDX-License-Identifier: Apache-2.0

"""``nova-sg-manage service show``."""

from nova_sg.tests.functional.cmd import base
from nova_sg.tests.functional.cmd import test_service_list


class TestServiceShow(base.CommandTestCase):
    def test_by_uuid_or_by_host_and_binary(self):
        service = self.service(disabled=True, disabled_reason='why')
        for named in (
            (service.uuid,),
            (service.uuid.upper(),),
            ('c1', 'nova-compute'),
        ):
            shown = self.done('service', 'show', '-f', 'json', *named).json
            self.assertEqual(service.uuid, shown['id'])
        columns = [*test_service_list.LONG_COLUMNS, 'Created At']
        self.assertEqual(
            [name.lower().replace(' ', '_') for name in columns], list(shown)
        )
        self.assertEqual(
            (service.uuid, 'disabled', 'why', 'up', 'nova', False),
            tuple(
                shown[name]
                for name in (
                    *('id', 'status', 'disabled_reason', 'state', 'zone'),
                    'forced_down',
                )
            ),
        )

    def test_an_unknown_service_is_not_found(self):
        self.service()
        unknown = '12345678-1234-4234-8234-123456789012'
        self.assert_error(
            3,
            f'Service {unknown} could not be found',
            self.manage('service', 'show', unknown),
        )
        self.assert_error(
            3,
            'Could not find binary nova-compute on host c9',
            self.manage('service', 'show', 'c9', 'nova-compute'),
        )

    def test_a_host_without_its_binary_is_bad_usage(self):
        self.assert_error(
            2,
            "'c1' is no uuid; a host is followed by its binary",
            self.manage('service', 'show', 'c1'),
        )
