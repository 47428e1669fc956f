# SPDX-License-Identifier: Apache-2.0

"""Changes whose answer does not come from a conductor."""

import threading
from typing import Any

import fixtures
import oslo_messaging as messaging
from oslotest import base

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg import objects
from nova_sg.conductor import interface
from nova_sg.tests.fixtures import conductor

#: Seconds that an answer is waited for which does not come.
IMPATIENCE = 0.5

#: The same for one that comes. oslo.messaging 16 looks for it each half
#: second.
PATIENCE = 30


class ChangesTest(base.BaseTestCase):
    """A conductor that gets a change and does not answer in time."""

    def setUp(self) -> None:
        super().setUp()
        memory = conductor.InProcessConductor.memory.get()
        self.endpoint = memory.endpoint
        self.conductor = memory.conductor
        self.sender = self.conductor.sender
        self.wait_for_answers(IMPATIENCE, '_changing', '_client')
        self.tokens: list[Any] = []
        self.answering = threading.Event()
        # A server that is to end waits for what it serves.
        self.addCleanup(self.answering.set)
        self.serve(self.nothing)

    def wait_for_answers(self, seconds: float, *clients: str) -> None:
        for name in clients:
            client = getattr(self.sender, name).prepare(timeout=seconds)
            self.useFixture(
                fixtures.MockPatchObject(self.sender, name, client)
            )

    def serve(self, action: Any) -> None:
        """Have the conductor serve changes so."""

        @messaging.expose
        def object_action(context: Any, **arguments: Any) -> Any:
            return action(context, **arguments)

        self.useFixture(
            fixtures.MockPatchObject(
                self.endpoint, 'object_action', object_action
            )
        )

    def serve_version(self, version: str) -> None:
        self.useFixture(
            fixtures.MockPatchObject(
                self.endpoint, 'target', messaging.Target(version=version)
            )
        )

    def nothing(self, context: Any, **_arguments: Any) -> Any:
        self.tokens.append(context.change)
        self.answering.wait(30)
        return {}, None

    def change(self) -> Any:
        context = sg_context.get_admin_context()
        service = objects.ServiceGroupService(context, host='c1')
        return self.conductor.object_action(context, service, 'save', (), {})

    def test_it_is_sent_once_more_and_with_its_token(self) -> None:
        self.assertRaises(exception.OutcomeUnknown, self.change)
        self.assertEqual(2, len(self.tokens))
        self.assertEqual(1, len(set(self.tokens)))

    def test_who_knows_no_tokens_gets_it_once(self) -> None:
        self.serve_version('1.0')
        self.wait_for_answers(PATIENCE, '_changing')
        self.assertRaises(exception.OutcomeUnknown, self.change)
        self.assertEqual(1, len(self.tokens))

    def test_who_knows_no_tokens_makes_it(self) -> None:
        self.serve_version('1.0')
        self.wait_for_answers(PATIENCE, '_changing', '_client')
        self.answering.set()
        self.assertEqual(({}, None), tuple(self.change()))

    def test_held_back_to_what_knows_no_tokens_it_is_sent_once(self) -> None:
        held_back = self.sender._changing.prepare(version_cap='1.0')
        self.useFixture(
            fixtures.MockPatchObject(self.sender, '_changing', held_back)
        )
        self.assertRaises(exception.OutcomeUnknown, self.change)
        self.assertEqual(1, len(self.tokens))

    def test_a_second_that_fails_does_not_say_what_the_first_did(self) -> None:
        def action(context: Any, **arguments: Any) -> Any:
            if not self.tokens:
                return self.nothing(context, **arguments)
            try:
                raise exception.ConductorError(method='it', reason='broken')
            except exception.ConductorError:
                raise messaging.ExpectedException() from None

        self.serve(action)
        self.assertRaises(exception.OutcomeUnknown, self.change)
        self.assertEqual(1, len(self.tokens))

    def test_the_rest_goes_to_conductors_of_both_versions(self) -> None:
        for version in ('1.0', '1.1'):
            self.serve_version(version)
            self.conductor.ping(sg_context.get_admin_context())
        self.assertEqual('1.1', interface.KNOWS_TOKENS)
