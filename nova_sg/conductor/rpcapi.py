# SPDX-License-Identifier: Apache-2.0

"""The conductor as its callers see it."""

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import functools
from typing import Any

from oslo_config import cfg
from oslo_log import log as logging
import oslo_messaging as messaging
from oslo_versionedobjects import base as ovo_base
from oslo_versionedobjects import exception as ovo_exc
import tenacity

from nova_sg import broker
from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg import rpc
from nova_sg.conductor import interface
from nova_sg.conductor import remotables
from nova_sg.conductor import wire
from nova_sg.objects import base as objects_base
from nova_sg.servicegroup import heartbeat
from nova_sg.servicegroup import invocation as sg_invocation
from nova_sg.servicegroup import liveness as sg_liveness
from nova_sg.servicegroup.membership import base as membership_base
from nova_sg.servicegroup.records import change

LOG = logging.getLogger(__name__)

#: Methods of an object which change a record. A call of one bears the token
#: of the change, so that it may be sent again.
CHANGING = frozenset({'create', 'save', 'destroy'})

#: The version of the interface from which on a conductor knows by its token
#: that it has made a change.
_KNOWS_TOKENS = '1.1'

#: The version from which on it knows invocations.
_KNOWS_INVOCATIONS = '1.2'

#: Of the report interval: how long a beat is waited for. A reply that got
#: lost is given up before the next beat is due.
_BEAT_PATIENCE = 0.9

#: How often a broker that is not there is tried again for a call that an
#: operator waits for; a beat has its next interval.
_RETRIES = 2

#: Seconds, from and to, between two looks for the first conductor. All hosts
#: of a deployment that starts may look at once.
_PAUSE = (1, 3)

Context = sg_context.RequestContext


class ConductorAPI(ovo_base.VersionedObjectIndirectionAPI):
    """Calls a conductor; any of them, unless one is named.

    Version 1.0: Initial version
    Version 1.1: A change is sent once more where no answer comes
    Version 1.2: Members carry their invocation

    :param conf: a loaded configuration
    :param server: the host of the conductor to call; None for any
    :param waits: where no conductor has begun to serve, wait for one as long
        as for an answer; else that is an error at once
    :raises InvalidConfiguration: there is no usable ``transport_url``
    """

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        server: str | None = None,
        *,
        waits: bool = False,
    ) -> None:
        super().__init__()
        self._conf = conf
        self._trying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(exception.ConductorMissing),
            stop=tenacity.stop_after_delay(
                conf.rpc_response_timeout if waits else 0
            ),
            wait=tenacity.wait_random(*_PAUSE),
            before_sleep=_tell,
            reraise=True,
        )
        self._reached = False
        self._transport = rpc.transport(conf)
        self._client = messaging.get_rpc_client(
            self._transport,
            messaging.Target(
                topic=interface.TOPIC,
                version='1.0',
                server=None if server is None else interface.server(server),
            ),
            version_cap=_version_cap(conf),
            serializer=rpc.ContextSerializer(objects_base.Serializer()),
            retry=_RETRIES,
            # A broker drops what no queue takes, unless it is to be told.
            transport_options=messaging.TransportOptions(at_least_once=True),
        )
        where = f' on {server}' if server else ''
        self.name = f'nova-sg-conductor{where} over {broker.name(conf)}'
        self._beating = self._client.prepare(
            timeout=_BEAT_PATIENCE * conf.servicegroup.report_interval,
            retry=0,
        )
        self._asking = self._client.prepare(
            timeout=max(5, 2 * conf.servicegroup.report_interval)
        )
        self._joining = self._client.prepare(version=_KNOWS_INVOCATIONS)
        self._leaving = self._beating.prepare(version=_KNOWS_INVOCATIONS)
        # Twice, within the time in which an answer is waited for.
        self._changing = self._client.prepare(
            version=_KNOWS_TOKENS, timeout=conf.rpc_response_timeout / 2
        )

    def close(self) -> None:
        """Close all connections."""
        self._transport.cleanup()

    # oslo's interface: the objects call these

    def object_class_action_versions(
        self,
        context: Context,
        objname: str,
        objmethod: str,
        object_versions: dict[str, str],
        args: Sequence[Any],
        kwargs: dict[str, Any],
    ) -> Any:
        return self._call(
            context,
            'object_class_action_versions',
            objname=objname,
            objmethod=objmethod,
            object_versions=object_versions,
            args=args,
            kwargs=kwargs,
        )

    def object_action(
        self,
        context: Context,
        objinst: Any,
        objmethod: str,
        args: Sequence[Any],
        kwargs: dict[str, Any],
    ) -> Any:
        call, context = self._calling(context, objmethod in CHANGING)

        def act(sent: Any) -> Any:
            return call(
                context,
                'object_action',
                objinst=sent,
                objmethod=objmethod,
                args=args,
                kwargs=kwargs,
            )

        if objinst.VERSION != type(objinst).VERSION:
            # It came from a conductor that is older than we are.
            return act(remotables.as_known_to(objinst, objinst.VERSION))
        try:
            return act(objinst)
        except ovo_exc.IncompatibleObjectVersion as error:
            # The conductor is older than we are, and has done nothing.
            return act(
                remotables.as_known_to(objinst, error.kwargs['supported'])
            )

    def object_backport_versions(
        self,
        context: Context,
        objinst: Any,
        object_versions: dict[str, str],
    ) -> Any:
        return self._call(
            context,
            'object_backport_versions',
            objinst=objinst,
            object_versions=object_versions,
        )

    # Memberships

    def report_state(
        self, context: Context, uuids: Sequence[str]
    ) -> Sequence[str]:
        """Beat once for services; returns when it is committed.

        :returns: the uuids whose record is gone
        :raises ServiceGroupUnavailable: it may not be committed
        """
        return self._beat(context, 'report_state', uuids=list(uuids))  # type: ignore[no-any-return]

    def join(
        self,
        context: Context,
        uuids: Sequence[str],
        invocation: str | None = None,
    ) -> Mapping[str, Any]:
        """Begin to beat for services; see ``Membership.admit``.

        A conductor that does not know invocations is told none.
        """
        arguments: dict[str, Any] = {'uuids': list(uuids)}
        if invocation is not None and self._joining.can_send_version():
            try:
                return self._trying(
                    self._send,
                    self._joining,
                    context,
                    'join',
                    **arguments,
                    invocation=invocation,
                )
            except exception.ConductorTooOld as error:
                LOG.debug('Joining without an invocation: %s', error)
        return self._call(context, 'join', **arguments)  # type: ignore[no-any-return]

    def leave(
        self, context: Context, stays: Sequence[membership_base.Stay]
    ) -> None:
        """End memberships at once; see ``Membership.withdraw``.

        As many at a time as a process beats for, since each call has a
        beat's patience.
        """
        for start in range(0, len(stays), heartbeat.BATCH):
            batch = stays[start : start + heartbeat.BATCH]
            self._beat(
                context,
                'leave',
                stays=[dataclasses.asdict(each) for each in batch],
            )

    def leave_invocation(
        self, context: Context, uuid: str, invocation: str
    ) -> sg_invocation.Departure:
        """Take out what an invocation left; see the method of a membership.

        :returns: that nothing was done, where the conductor is too old
        """
        too_old = sg_invocation.Departure(
            0, f'{self.name} is of a release that knows no invocations'
        )
        if not self._leaving.can_send_version():
            return too_old
        try:
            answer = self._send(
                self._leaving,
                context,
                'leave_invocation',
                uuid=uuid,
                invocation=invocation,
            )
        except exception.ConductorTooOld:
            return too_old
        return sg_invocation.Departure(answer['members'], answer['kept'])

    def liveness(
        self, context: Context, uuids: Sequence[str]
    ) -> dict[str, sg_liveness.Liveness]:
        """Return what the conductor knows of services, by uuid.

        One call for each ``interface.MAX_UUIDS`` of them.
        """
        found: dict[str, Any] = {}
        for start in range(0, len(uuids), interface.MAX_UUIDS):
            batch = list(uuids[start : start + interface.MAX_UUIDS])
            found |= self._call(context, 'liveness', uuids=batch)
        return {uuid: wire.load_liveness(each) for uuid, each in found.items()}

    def ping(self, context: Context) -> None:
        """Show that a conductor can be reached, within a beat's patience.

        :raises ServiceGroupUnavailable: it cannot
        """
        self._beat(context, 'ping')

    # Beside services

    def inventory_action(
        self,
        context: Context,
        name: str,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
    ) -> Any:
        """Call a method of ``wire.METHODS`` of the inventory."""
        call, context = self._calling(context, name in wire.DECISIONS)
        return call(
            context,
            'inventory_action',
            name=name,
            args=wire.dump(args),
            kwargs=wire.dump(kwargs),
        )

    def health(self, context: Context) -> dict[str, Any]:
        """Return what an operator should know of the conductor.

        :raises ServiceGroupUnavailable: it does not answer in the time in
            which it would notice that a backend is away
        """
        return self._send(self._asking, context, 'health')  # type: ignore[no-any-return]

    def _call(self, context: Context, method: str, /, **arguments: Any) -> Any:
        return self._trying(
            self._send, self._client, context, method, **arguments
        )

    def _calling(
        self, context: Context, changes: bool
    ) -> tuple[Callable[..., Any], Context]:
        """Return how to call, and the context to call with."""
        if changes:
            return self._change, change.for_one(context)
        return self._call, context

    def _change(
        self, context: Context, method: str, /, **arguments: Any
    ) -> Any:
        """Make a change, and look once what became of it without an answer.

        To look is to send it again: it bears its token, and is not made
        twice.

        :param context: bears the token of the change
        :raises OutcomeUnknown: it may have been made
        """
        send = functools.partial(
            self._trying,
            self._send,
            self._changing,
            context,
            method,
            **arguments,
        )
        if not self._changing.can_send_version():
            return self._change_once(context, method, **arguments)
        try:
            return send()
        except exception.ConductorTooOld:
            return self._change_once(context, method, **arguments)
        except exception.NoAnswer as error:
            LOG.warning('%s; sending the change once more', error)
        try:
            return send()
        except exception.OutcomeUnknown:
            raise
        except (
            exception.ServiceGroupUnavailable,
            exception.ConductorError,
            exception.DeploymentMismatch,
        ) as error:
            # The first one may have been made all the same.
            raise self._unknown(error) from error

    def _change_once(
        self, context: Context, method: str, /, **arguments: Any
    ) -> Any:
        """Have a conductor make a change that would make it twice.

        :raises OutcomeUnknown: there was no answer
        """
        try:
            return self._call(context, method, **arguments)
        except exception.NoAnswer as error:
            raise self._unknown(error) from error

    def _unknown(
        self, error: exception.NovaSgException
    ) -> exception.OutcomeUnknown:
        return exception.OutcomeUnknown(
            backend=self.name, reason=error.kwargs.get('reason', error)
        )

    def _beat(self, context: Context, method: str, /, **arguments: Any) -> Any:
        return self._send(self._beating, context, method, **arguments)

    def _send(
        self,
        client: Any,
        context: Context,
        method: str,
        /,
        **arguments: Any,
    ) -> Any:
        if not self._reached:
            try:
                broker.check(self._conf)
            except OSError as error:
                raise exception.ServiceGroupUnavailable(
                    backend=self.name, reason=error
                ) from error
            self._reached = True
        with rpc.errors(self.name, method):
            return client.call(context, method, **arguments)


def _tell(state: tenacity.RetryCallState) -> None:
    if state.attempt_number == 1 and state.outcome is not None:
        LOG.warning('Waiting for a conductor: %s', state.outcome.exception())


def _version_cap(conf: cfg.ConfigOpts) -> str:
    configured = conf.upgrade_levels.conductor
    return interface.VERSION if configured in (None, 'auto') else configured
