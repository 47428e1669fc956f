# SPDX-License-Identifier: Apache-2.0

"""The driver behind nova's ``servicegroup.API`` with grouped heartbeats."""

from collections.abc import Callable
from typing import Any

from nova.objects import base as objects_base
from nova.servicegroup import api as nova_api
from nova.servicegroup.drivers import db as nova_db

from nova_sg.nova_tree import errors
from nova_sg.nova_tree import invocations
from nova_sg.nova_tree import novas_scheme
from nova_sg.nova_tree import verdicts
from nova_sg.nova_tree.grouped import caller
from nova_sg.nova_tree.grouped import reader
from nova_sg.nova_tree.grouped import sender
from nova_sg.servicegroup import heartbeat
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import member as sg_member

#: A test, or another package, that replaces it expects its own to be called.
_NOVAS_RULE = nova_db.DbDriver.is_up


class GroupedDriver(verdicts.VerdictDriver, novas_scheme.NovasSchemeDriver):
    """Heartbeats in groups, and verdicts by the database's clock."""

    def __init__(self) -> None:
        super().__init__()
        self._sender: sender.Sender | None = None

    def join(self, member: str, group: str, service: Any = None) -> None:
        """Beat from a timer of the service; at once if it has beaten before.

        A new row is up by its creation, as in nova.
        """
        invocations.note(service)
        if not service.report_interval:
            # It shall not beat, as in nova.
            return
        if objects_base.NovaObject.indirection_api is None:
            self._sender = sender.Writer(service)
        else:
            self._sender = caller.Caller(service)
        # Not in step, where all processes start at once.
        delay = heartbeat.first_delay(service.report_interval)
        if service.service_ref.last_seen_up:
            self._sender.beat()
        else:
            delay = min(delay, nova_api.INITIAL_REPORTING_DELAY)
        service.tg.add_timer_args(
            service.report_interval, self._sender.beat, initial_delay=delay
        )
        self._sender.watch()

    def leave(self, service: Any) -> None:
        """Make a service that stops down at once, if its row is its alone."""
        if self._sender is None:
            return
        self._sender.unwatch()
        if novas_scheme.workers(service) != 1:
            return
        try:
            self._sender.leave()
        except sender.NoConductor:
            super().leave(service)

    def verdict(self, service_ref: Any) -> liveness.Liveness | None:
        if (
            sg_member.field(service_ref, 'uuid') is None
            or nova_db.DbDriver.is_up is not _NOVAS_RULE
        ):
            return None
        context = getattr(service_ref, '_context', None)
        return reader.of(context).liveness_of(service_ref)


def noting_outages(
    novas: Callable[..., Any], context: Any, *args: Any, **kwargs: Any
) -> Any:
    """Call a function of nova's database, and note whether it answers.

    While it does not, services cannot beat, and are not down for that when
    it is back.
    """
    try:
        found = novas(context, *args, **kwargs)
    except Exception as error:
        outage = errors.outage_of(error)
        if outage is not None:
            reader.of(context).failed(outage)
        raise
    reader.of(context).answered()
    return found
