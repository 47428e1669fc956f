# SPDX-License-Identifier: Apache-2.0

"""A membership that is the same for the process itself and from elsewhere."""

from collections.abc import Sequence
import time
from typing import Any
from typing import cast

from oslo_config import cfg

from nova_sg import context as sg_context
from nova_sg.servicegroup import invocation
from nova_sg.servicegroup import reasons
from nova_sg.servicegroup import record
from nova_sg.servicegroup.membership import base
from nova_sg.servicegroup.membership import watchdog

Context = sg_context.RequestContext


class AdmittedHandle(base.Handle):
    """A membership, with what it takes to end it.

    :param token: what ``Membership.admit`` gave when it began
    :param invocation: of this process, None where it has none
    """

    def __init__(
        self,
        membership: base.Membership,
        joined: record.Record,
        token: Any,
        invocation: str | None,
    ) -> None:
        super().__init__(membership, joined)
        self.token = token
        self.invocation = invocation
        self.beats = 0
        self.joined_at = time.monotonic()

    @property
    def stay(self) -> base.Stay:
        """This membership, if it ended now."""
        seconds = time.monotonic() - self.joined_at
        return base.Stay(
            *(self.uuid, self.token, self.beats, seconds, self.invocation),
            left_by=reasons.this_process(),
        )


class AdmittedMembership(base.Membership):
    """Stands on :meth:`admit`, :meth:`report` and :meth:`withdraw` alone.

    And on :meth:`note_wedged`, where the loop of this process stops.

    :param conf: a loaded configuration
    """

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        super().__init__(conf)
        options = conf.servicegroup
        self._watchdog = watchdog.Watchdog[base.Handle](
            options.report_interval,
            options.service_down_time,
            lambda handle: handle.record,
            self._stopped,
        )

    def join_many(
        self, context: Context, joined: Sequence[record.Record]
    ) -> Sequence[base.Handle]:
        mine = invocation.current()
        admitted = self.admit(context, [each.uuid for each in joined], mine)
        handles = [
            AdmittedHandle(self, each, admitted[each.uuid], mine)
            for each in joined
            if each.uuid in admitted
        ]
        self._watchdog.joined(handles)
        return handles

    def beat_many(
        self, context: Context, handles: Sequence[base.Handle]
    ) -> Sequence[base.Handle]:
        self._watchdog.beating(handles)
        gone = set(self.report(context, [handle.uuid for handle in handles]))
        for handle in handles:
            if handle.uuid not in gone:
                cast(AdmittedHandle, handle).beats += 1
        return [handle for handle in handles if handle.uuid in gone]

    def leave_many(
        self, context: Context, handles: Sequence[base.Handle]
    ) -> None:
        self._watchdog.left(handles)
        self.withdraw(
            context, [cast(AdmittedHandle, handle).stay for handle in handles]
        )

    def _stopped(self, handles: Sequence[base.Handle]) -> None:
        """Note that the loop of this process no longer beats for some."""
        self.note_wedged(
            sg_context.get_admin_context(),
            [each.uuid for each in handles],
            reasons.this_process(),
        )
