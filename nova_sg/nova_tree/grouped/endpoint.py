# SPDX-License-Identifier: Apache-2.0

"""What nova's conductor serves for heartbeats."""

from typing import Any

import oslo_messaging as messaging

from nova_sg import exception
from nova_sg.nova_tree import calls
from nova_sg.nova_tree import owner
from nova_sg.nova_tree.grouped import client
from nova_sg.nova_tree.grouped import intake
from nova_sg.nova_tree.grouped import reader
from nova_sg.nova_tree.grouped import written


class Endpoint:
    """Serves heartbeats in a conductor of nova.

    Callers send no context (see :class:`.client.NoContext`).

    :param context: nova's, which leads to the database
    :ivar intake: what was cast
    """

    target = messaging.Target(
        namespace=client.NAMESPACE, version=client.VERSION
    )

    def __init__(self, context: Any) -> None:
        self._context = context
        # Of services that join, and of others.
        self._groups = {
            joining: written.Group(self._context, joining)
            for joining in (True, False)
        }
        self.intake = intake.Intake(self._context, self._groups[False])

    @calls.served
    def beat(self, _context: Any, uuid: str, joining: bool) -> client.Answer:
        """Beat once for a service; answers when that is committed."""
        _check_driver()
        unwritten = self._groups[joining].report(self._context, [uuid])
        return client.Answer(
            written=not unwritten,
            there=not unwritten or written.is_there(self._context, uuid),
            now=reader.of(self._context).database_time(),
        )

    @calls.served
    def post(
        self, _context: Any, uuid: str, sent: float, until: float
    ) -> None:
        """Beat once for a service; the sender waits for no answer.

        :param sent: when it was sent, by the time of the database
        :param until: the time of the database after which this heartbeat is
            worthless: it has waited while no conductor was there, and its
            sender may be dead by now
        """
        _check_driver()
        self.intake.note(uuid, sent, until)

    @calls.served
    def leave(self, _context: Any, uuid: str, count: int) -> None:
        """Make a service down at once; see :func:`written.leave`."""
        _check_driver()
        written.leave(self._context, uuid, count)

    @calls.served
    def note_wedged(self, _context: Any, uuid: str, noted_by: str) -> None:
        """Note that a timer hangs; see :func:`written.note_wedged`."""
        _check_driver()
        written.note_wedged(self._context, uuid, noted_by)

    @calls.served
    def database_time(self, _context: Any) -> float:
        """Return the time of this conductor's database."""
        return written.database_time(self._context)


def _check_driver() -> None:
    if not owner.has_novas_scheme():
        raise exception.InvalidConfiguration(
            option='[servicegroup] driver',
            reason=f'this conductor has {owner.driver()}, and its heartbeats '
            'do not go into the database',
        )
