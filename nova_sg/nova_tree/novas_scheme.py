# SPDX-License-Identifier: Apache-2.0

"""``driver = db``: nova's own scheme, and what it lacks.

Beats are saves of the service object, through the conductor where there is
no database, and the row's ``last_seen_up`` is compared with the clock: as in
nova, so that patched and unpatched processes mix. What is added: the first
beat is written when a service joins, not five seconds later, and a service
which is stopped leaves.
"""

import datetime
import time
from typing import Any

from nova import conf as nova_conf
from nova import objects
from nova.servicegroup.drivers import db as nova_db
from oslo_utils import timeutils

from nova_sg import instruments
from nova_sg.nova_tree import invocations

CONF = nova_conf.CONF


class NovasSchemeDriver(nova_db.DbDriver):
    """nova's db driver, with a leave, and a beat at a return."""

    def join(self, member: str, group: str, service: Any = None) -> None:
        invocations.note(service)
        super().join(member, group, service)
        # A new row is up by its creation.
        if service.report_interval and service.service_ref.last_seen_up:
            self._report_state(service)

    def _report_state(self, service: Any) -> None:
        began = time.perf_counter()
        super()._report_state(service)
        # nova keeps the error to itself, and notes it there.
        failed = bool(getattr(service, 'model_disconnected', False))
        told = instruments.current
        told.beats_done(1, time.perf_counter() - began, failed=failed)
        told.backend_answered(not failed)

    def leave(self, service: Any) -> None:
        """Age the row of a service that stops, if no other worker uses it.

        Workers of one service share its row, and nova's beats do not tell
        them apart. So the row is aged only if there is one worker, and no
        other beat came after its own last one.
        """
        if workers(service) != 1:
            return
        mine = service.service_ref
        now = objects.Service.get_by_uuid(mine._context, mine.uuid)
        if now.report_count == mine.report_count:
            now.last_seen_up = timeutils.utcnow() - datetime.timedelta(days=1)
            now.save()


def workers(service: Any) -> int | None:
    """Return how many processes run a service; None if that is not known."""
    if service.topic not in ('conductor', 'scheduler'):
        return 1
    number: int | None = CONF[service.topic].workers
    return number
