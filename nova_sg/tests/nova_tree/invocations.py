# SPDX-License-Identifier: Apache-2.0

"""The run of a unit that a process of nova belongs to, and its end."""

import types
from typing import Any
from unittest import mock
import uuid

import fixtures
from nova.conductor import rpcapi as conductor_rpcapi
from nova.db.main import api as db
from nova.objects import base as objects_base
from nova.servicegroup import api as nova_servicegroup
import testscenarios

from nova_sg import conf as sg_conf
from nova_sg import exception
from nova_sg.conductor import novas
from nova_sg.db import models
from nova_sg.nova_tree import endpoint
from nova_sg.nova_tree import invocations
from nova_sg.nova_tree import shown
from nova_sg.servicegroup import invocation as sg_invocation
from nova_sg.servicegroup import reasons
from nova_sg.tests.nova_tree import base

load_tests = testscenarios.load_tests_apply_scenarios

#: Far longer than a test takes: nothing is missed.
DOWN_TIME = 600


class TestRuns(base.TestCase):
    scenarios = [*base.DRIVERS, base.GROUPED]

    def setUp(self) -> None:
        super().setUp()
        self.flags(report_interval=10, service_down_time=DOWN_TIME)
        self.context = self.in_cell('cell1')
        if self.driver == 'db':
            self.make_tables(models.invocations, models.departures)
        self.made = self.make_service(context=self.context)

    def join(self, invocation: str | None = None) -> str:
        """Join as a process of a run does; return its invocation."""
        invocation = invocation or uuid.uuid4().hex
        self.process = self.process_of(self.made)
        self.api = nova_servicegroup.API()
        with fixtures.EnvironmentVariable(sg_invocation.VARIABLE, invocation):
            self.api.join('one', 'compute', self.process)
        return invocation

    def leave(self, invocation: str) -> Any:
        """Do as a conductor does that is asked."""
        return endpoint.Endpoint(mock.Mock()).leave_invocation(
            self.context, 'one', 'nova-compute', invocation
        )

    def is_up(self) -> bool:
        made = self.read(self.made)
        made.liveness = None
        return bool(nova_servicegroup.API().service_is_up(made))

    def test_a_run_that_ended_is_down_at_once(self):
        first = self.join()
        self.assertTrue(self.is_up())
        self.assertEqual({'members': 1, 'kept': None}, self.leave(first))
        self.assertFalse(self.is_up())
        self.assertEqual({'members': 0, 'kept': None}, self.leave(first))

    def test_a_late_call_does_not_disturb_the_next_run(self):
        first = self.join()
        second = self.join()
        self.leave(first)
        self.assertTrue(self.is_up())
        self.leave(first)
        self.assertTrue(self.is_up())
        self.assertEqual({'members': 1, 'kept': None}, self.leave(second))
        self.assertFalse(self.is_up())

    def why(self) -> str:
        """Return why the service is as it is, as a command asks."""
        (found,) = shown.services('one', None, explained=True)
        return found.why.reason

    def test_a_run_that_crashed_is_silent(self):
        first = self.join()
        self.assertEqual(reasons.UP, self.why())
        self.leave(first)
        self.assertEqual(reasons.SILENT, self.why())

    def test_a_run_that_left_is_stopped(self):
        first = self.join()
        self.api._driver.leave(self.process)
        self.assertEqual(reasons.STOPPED, self.why())
        # The unit has ended in good order, and says so, too.
        self.leave(first)
        self.assertEqual(reasons.STOPPED, self.why())
        self.join()
        self.assertEqual(reasons.UP, self.why())

    def test_a_service_that_is_not_registered_is_no_error(self):
        self.made.destroy()
        self.assertIsNone(self.leave(uuid.uuid4().hex))


class TestThroughConductor(base.TestCase):
    driver = 'db'
    records = None

    def setUp(self) -> None:
        super().setUp()
        self.flags(rpc_response_timeout=20)
        self.context = self.in_cell('cell1')
        self.made = self.make_service(context=self.context)

    def test_a_compute_has_its_conductor_note_its_run(self):
        self.make_tables(models.invocations)
        self.useFixture(
            fixtures.EnvironmentVariable(
                sg_invocation.VARIABLE, uuid.uuid4().hex
            )
        )
        self.start_service('conductor')
        process = types.SimpleNamespace(service_ref=self.made)
        self.useFixture(
            fixtures.MonkeyPatch(
                'nova.objects.base.NovaObject.indirection_api',
                conductor_rpcapi.ConductorAPI(),
            )
        )
        assert objects_base.NovaObject.indirection_api is not None
        invocations.note(process)
        with db.get_engine(context=self.context).connect() as connection:
            noted = connection.execute(models.invocations.select()).all()
        mine = sg_invocation.current()
        self.assertIn((self.made.uuid, mine, 1), [tuple(e) for e in noted])

    def test_a_database_without_the_table_goes_without(self):
        invocations.note(types.SimpleNamespace(service_ref=self.made))
        removal = invocations.leave(
            self.context, 'one', 'nova-compute', uuid.uuid4().hex
        )
        self.assertIn('service prepare', removal.kept)

    def test_a_command_without_a_broker_says_so(self):
        conf = sg_conf.load([])
        sg_conf.register_messaging(conf)
        conf.set_override('transport_url', 'rabbit://nobody@127.0.0.1:1/')
        self.assertRaises(
            exception.ServiceGroupUnavailable,
            novas.leave_invocation,
            *(conf, 'one', 'nova-compute', uuid.uuid4().hex, 5),
        )
