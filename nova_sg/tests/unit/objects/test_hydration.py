# SPDX-License-Identifier: Apache-2.0

"""Objects built from records, past the setters of their fields."""

import datetime

import fixtures
import iso8601
from oslo_serialization import jsonutils
from oslo_versionedobjects import exception as ovo_exc
from oslotest import base
import testtools

from nova_sg import context
from nova_sg import exception
from nova_sg import objects
from nova_sg.objects import base as objects_base
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import record

UUID = '5e0b5d4e-6a0c-4b39-9d86-2a3f2b6b9d6e'
MORNING = datetime.datetime(2026, 3, 1, 8, 0, 5, tzinfo=datetime.UTC)

RECORD = record.Record(
    id=7,
    uuid=UUID,
    host='c1',
    binary='nova-compute',
    topic='compute',
    report_count=3,
    disabled=True,
    disabled_reason='Wartung ☕',
    version=1,
    last_seen_up=MORNING,
    created_at=MORNING - datetime.timedelta(days=1),
)

#: Fields of an object which are no fields of a record.
VIEWS = {'is_up', 'availability_zone'}


def hydrated(**changes):
    return objects.ServiceGroupService._from_record(
        context.RequestContext(),
        RECORD._replace(**changes),
        liveness.Liveness(True, MORNING, 0.0),
        'az1',
    )


def by_setters():
    """Return the same object as coercion would make it, field by field."""
    made = objects.ServiceGroupService(context.RequestContext())
    for name in made.fields:
        if name not in VIEWS:
            setattr(made, name, getattr(RECORD, name))
    made.is_up = True
    made.availability_zone = 'az1'
    made.obj_reset_changes()
    return made


def over_the_wire(thing):
    """Return what a peer gets: through primitives, JSON, and back."""
    serializer = objects_base.Serializer()
    sent = serializer.serialize_entity(None, thing)
    received = jsonutils.loads(jsonutils.dumps(sent))
    return serializer.deserialize_entity(context.RequestContext(), received)


class TestHydration(base.BaseTestCase):
    def test_it_gives_what_the_setters_would_give(self):
        fast, slow = hydrated(), by_setters()
        for name in fast.fields:
            self.assertTrue(fast.obj_attr_is_set(name), name)
            self.assertEqual(
                (type(getattr(slow, name)), getattr(slow, name)),
                (type(getattr(fast, name)), getattr(fast, name)),
                name,
            )

    def test_only_what_is_set_then_is_pending(self):
        made = hydrated()
        self.assertEqual({}, made.obj_get_changes())
        made.disabled = False
        self.assertEqual({'disabled'}, made.obj_what_changed())
        made.obj_reset_changes()
        self.assertEqual(set(), made.obj_what_changed())

    def test_an_id_cannot_be_set(self):
        made = hydrated()
        with testtools.ExpectedException(ovo_exc.ReadOnlyFieldError):
            made.id = 8
        self.assertEqual(7, made.id)

    def test_setters_still_coerce(self):
        made = hydrated()
        made.report_count = '12'
        made.disabled = 0
        made.host = 5
        made.last_seen_up = '2026-03-01T09:00:05+01:00'
        self.assertEqual(12, made.report_count)
        self.assertIs(False, made.disabled)
        self.assertEqual('5', made.host)
        self.assertEqual(MORNING, made.last_seen_up)

    def test_setters_still_refuse(self):
        made = hydrated()
        with testtools.ExpectedException(ValueError):
            made.report_count = 'many'
        with testtools.ExpectedException(ValueError):
            made.version = None

    def test_forced_down_wins_over_a_living_member(self):
        self.assertIs(True, hydrated().is_up)
        self.assertIs(False, hydrated(forced_down=True).is_up)

    def test_the_beat_a_membership_knows_is_shown(self):
        later = MORNING + datetime.timedelta(seconds=30)
        made = objects.ServiceGroupService._from_record(
            None, RECORD, liveness.Liveness(True, later, 0.0)
        )
        self.assertEqual(later, made.last_seen_up)

    def test_without_a_verdict_the_state_is_left_to_be_loaded(self):
        made = objects.ServiceGroupService._from_record(None, RECORD)
        self.assertFalse(made.obj_attr_is_set('is_up'))
        self.assertFalse(made.obj_attr_is_set('availability_zone'))

    def test_an_object_without_context_cannot_load(self):
        made = objects.ServiceGroupService._from_record(None, RECORD)
        with testtools.ExpectedException(ovo_exc.OrphanedObjectError):
            getattr(made, 'is_up')  # noqa: B009 - the access is the test

    def test_other_fields_are_not_loaded(self):
        made = objects.ServiceGroupService(context.RequestContext())
        error = self.assertRaises(
            exception.ObjectActionError, getattr, made, 'host'
        )
        self.assertIn('attribute host not lazy-loadable', str(error))

    def test_what_is_no_field_is_no_attribute(self):
        made = hydrated()
        error = self.assertRaises(AttributeError, getattr, made, 'hots')
        self.assertIn("has no attribute 'hots'", str(error))

    def test_an_error_inside_a_property_is_told_as_it_is(self):
        self.useFixture(
            fixtures.MonkeyPatch(
                'nova_sg.objects.ServiceGroupService.seen_or_changed_at',
                property(lambda service: service.host.nonesuch),
            )
        )
        error = self.assertRaises(
            AttributeError, getattr, hydrated(), 'seen_or_changed_at'
        )
        self.assertIn('nonesuch', str(error))


class TestSerialization(base.BaseTestCase):
    def test_a_peer_gets_every_field(self):
        sent = hydrated()
        received = over_the_wire(sent)
        self.assertIsInstance(received, objects.ServiceGroupService)
        for name in sent.fields:
            self.assertEqual(
                getattr(sent, name), getattr(received, name), name
            )
        with testtools.ExpectedException(ovo_exc.ReadOnlyFieldError):
            received.id = 8

    def test_times_are_aware_and_in_utc_on_both_sides(self):
        sent = hydrated(updated_at=MORNING)
        received = over_the_wire(sent)
        for name in ('created_at', 'updated_at', 'last_seen_up'):
            for each in (sent, received):
                moment = getattr(each, name)
                self.assertEqual(datetime.timedelta(0), moment.utcoffset())
            self.assertEqual(getattr(sent, name), getattr(received, name))
        self.assertIsNone(received.deleted_at)

    def test_pending_changes_travel_and_nothing_else_is_pending(self):
        sent = hydrated()
        self.assertEqual(set(), over_the_wire(sent).obj_what_changed())
        sent.disabled = False
        self.assertEqual({'disabled'}, over_the_wire(sent).obj_what_changed())

    def test_what_is_not_set_stays_so(self):
        sent = objects.ServiceGroupService._from_record(None, RECORD)
        received = over_the_wire(sent)
        self.assertFalse(received.obj_attr_is_set('is_up'))
        self.assertFalse(received.obj_attr_is_set('availability_zone'))

    def test_the_wire_carries_plain_utc_times(self):
        data = hydrated().obj_to_primitive()['nova_sg_object.data']
        self.assertEqual('2026-03-01T08:00:05Z', data['last_seen_up'])
        self.assertEqual(MORNING, iso8601.parse_date(data['last_seen_up']))

    def test_a_list_travels_with_its_services(self):
        sent = objects.ServiceGroupServiceList._of(
            context.RequestContext(), [hydrated(), hydrated(host='c2')]
        )
        self.assertEqual(set(), sent.obj_what_changed())
        received = over_the_wire(sent)
        self.assertEqual(['c1', 'c2'], [each.host for each in received])
        self.assertEqual(set(), received.obj_what_changed())
        self.assertEqual([True, True], [each.is_up for each in received])

    def test_the_received_context_reaches_every_service(self):
        serializer = objects_base.Serializer()
        sent = serializer.serialize_entity(
            None, objects.ServiceGroupServiceList._of(None, [hydrated()])
        )
        theirs = context.RequestContext()
        received = serializer.deserialize_entity(theirs, sent)
        self.assertIs(theirs, received._context)
        self.assertIs(theirs, received[0]._context)
