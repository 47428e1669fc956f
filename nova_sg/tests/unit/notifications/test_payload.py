# SPDX-License-Identifier: Apache-2.0

"""What is on the wire, field for field."""

import datetime

from oslo_versionedobjects import base as ovo_base
from oslotest import base

from nova_sg.notifications import payload
from nova_sg.servicegroup import reasons
from nova_sg.servicegroup import record

UUID = 'fa69c544-906b-4a6a-a9c6-c1f7a8078c73'

SERVICE = record.Record(
    id=7,
    uuid=UUID,
    host='host1',
    binary='nova-compute',
    topic='compute',
    report_count=1,
    disabled=True,
    disabled_reason='disk',
    version=23,
    last_seen_up=datetime.datetime(
        2012, 10, 29, 13, 42, 5, 999, tzinfo=datetime.UTC
    ),
)

#: As nova documents it.
DATA = {
    'host': 'host1',
    'disabled': True,
    'binary': 'nova-compute',
    'topic': 'compute',
    'disabled_reason': 'disk',
    'forced_down': False,
    'version': 23,
    'availability_zone': None,
    'uuid': UUID,
    'last_seen_up': '2012-10-29T13:42:05Z',
    'report_count': 1,
}


class TestPayload(base.BaseTestCase):
    def test_a_change_is_told_as_nova_tells_it(self):
        self.assertEqual(
            {
                'nova_object.name': 'ServiceStatusPayload',
                'nova_object.namespace': 'nova',
                'nova_object.version': '1.1',
                'nova_object.data': DATA,
            },
            payload.status(SERVICE),
        )

    def test_a_service_that_never_beat_was_never_seen(self):
        new = record.Record(id=1, uuid=UUID, host='h', binary='b', topic=None)
        data = payload.status(new)['nova_object.data']
        self.assertIsNone(data['last_seen_up'])
        self.assertIsNone(data['topic'])

    def test_a_state_is_told_under_a_name_of_ours(self):
        seen = SERVICE.last_seen_up
        why = reasons.Departure(reasons.SILENT, seen, seen, 'host1:7')
        told = payload.state(SERVICE, up=False, why=why)
        self.assertEqual(
            {
                **DATA,
                'state': 'down',
                'reason': 'silent',
                'since': '2012-10-29T13:42:05Z',
                'seen_at': '2012-10-29T13:42:05Z',
                'seen_by': 'host1:7',
            },
            told['nova_object.data'],
        )
        self.assertEqual(
            ('nova_sg', 'ServiceGroupStatePayload', '1.1'),
            (
                told['nova_object.namespace'],
                told['nova_object.name'],
                told['nova_object.version'],
            ),
        )

    def test_no_payload_is_a_registered_class(self):
        names = ovo_base.VersionedObjectRegistry.obj_classes()
        self.assertEqual([], [n for n in names if n.endswith('Payload')])
