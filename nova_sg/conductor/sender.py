# SPDX-License-Identifier: Apache-2.0

"""Sends calls to a conductor: how long for, and what is sent again.

::

    t=0   the agent disables c1; its message bears the token of the change
    t=0.1 conductor A makes the change and is killed before it answers
    t=30  the agent has no answer, and sends the same message once more
    t=30  conductor B finds the token, changes nothing, and answers
"""

import functools
from typing import Any

from oslo_config import cfg
from oslo_log import log as logging
import oslo_messaging as messaging
import tenacity

from nova_sg import broker
from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg import instruments
from nova_sg import rpc
from nova_sg.conductor import interface
from nova_sg.objects import base as objects_base

LOG = logging.getLogger(__name__)

#: Of the report interval: how long a beat is waited for. A reply that got
#: lost is given up before the next beat is due.
_BEAT_PATIENCE = 0.9

#: How often a broker that is not there is tried again for a call that an
#: operator waits for; a beat has its next interval.
_RETRIES = 2

#: Seconds, from and to, between two looks for the first conductor. All hosts
#: of a deployment that starts may look at once.
_PAUSE = (1, 3)

#: The version of the interface that every conductor serves.
_FIRST = '1.0'

Context = sg_context.RequestContext


class Sender:
    """Sends calls to a conductor; to any of them, unless one is named.

    All methods take the context, the name of the call, and its arguments by
    name. Those with ``since`` take the version of the interface that the call
    needs, and raise ``ConductorTooOld`` where the conductor is older, or
    ``[upgrade_levels]`` says that one may be: nothing was done.

    :param server: the host of the conductor to call; None for any
    :param waits: see :class:`nova_sg.conductor.rpcapi.ConductorAPI`
    :raises InvalidConfiguration: there is no usable ``transport_url``
    """

    def __init__(
        self, conf: cfg.ConfigOpts, server: str | None, *, waits: bool
    ) -> None:
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
        where = f' on {server}' if server else ''
        self.name = f'nova-sg-conductor{where} over {broker.name(conf)}'
        self._client = messaging.get_rpc_client(
            self._transport,
            messaging.Target(
                topic=interface.TOPIC,
                version=_FIRST,
                server=None if server is None else interface.server(server),
            ),
            version_cap=_version_cap(conf),
            serializer=rpc.ContextSerializer(objects_base.Serializer()),
            retry=_RETRIES,
            # A broker drops what no queue takes, unless it is to be told.
            transport_options=messaging.TransportOptions(at_least_once=True),
        )
        self._beating = self._client.prepare(
            timeout=_BEAT_PATIENCE * conf.servicegroup.report_interval,
            retry=0,
        )
        self._asking = self._client.prepare(
            timeout=max(5, 2 * conf.servicegroup.report_interval)
        )
        # Twice, within the time in which an answer is waited for.
        self._changing = self._client.prepare(
            timeout=conf.rpc_response_timeout / 2
        )

    def close(self) -> None:
        """Close all connections."""
        self._transport.cleanup()

    def call(
        self,
        context: Context,
        method: str,
        /,
        *,
        since: str = _FIRST,
        **arguments: Any,
    ) -> Any:
        """Call a conductor, and wait for the first one where that is asked."""
        return self._trying(
            self._send, self._client, context, method, since, arguments
        )

    def beat(
        self,
        context: Context,
        method: str,
        /,
        *,
        since: str = _FIRST,
        **arguments: Any,
    ) -> Any:
        """Call a conductor, and give up before the next beat is due.

        :raises ServiceGroupUnavailable: no answer came by then
        """
        return self._send(self._beating, context, method, since, arguments)

    def ask(self, context: Context, method: str, /) -> Any:
        """Call a conductor that may have to notice an unreachable backend.

        :raises ServiceGroupUnavailable: no answer came in twice a report
            interval
        """
        return self._send(self._asking, context, method, _FIRST, {})

    def change(
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
            interface.KNOWS_TOKENS,
            arguments,
        )
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
            return self.call(context, method, **arguments)
        except exception.NoAnswer as error:
            raise self._unknown(error) from error

    def _unknown(
        self, error: exception.NovaSgException
    ) -> exception.OutcomeUnknown:
        return exception.OutcomeUnknown(
            backend=self.name, reason=error.kwargs.get('reason', error)
        )

    def _send(
        self,
        client: Any,
        context: Context,
        method: str,
        since: str,
        arguments: dict[str, Any],
    ) -> Any:
        if since != _FIRST:
            client = client.prepare(version=since)
            if not client.can_send_version():
                raise exception.ConductorTooOld(
                    method=method,
                    reason='[upgrade_levels] conductor holds it back',
                )
        with instruments.request('conductor'):
            return self._call(client, context, method, arguments)

    def _call(
        self,
        client: Any,
        context: Context,
        method: str,
        arguments: dict[str, Any],
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
