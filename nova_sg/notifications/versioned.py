# SPDX-License-Identifier: Apache-2.0

"""Versioned notifications over the message bus."""

from typing import Any

from oslo_config import cfg
from oslo_log import log as logging
import oslo_messaging as messaging

from nova_sg import context as sg_context
from nova_sg import rpc
from nova_sg.notifications import base
from nova_sg.notifications import payload

LOG = logging.getLogger(__name__)


class VersionedNotifier(base.Notifier):
    """Sends nova's versioned notifications.

    The change is made already: if the broker does not take the notification,
    that is a warning in the log, and not an error of the change.

    :raises InvalidConfiguration: there is no usable ``transport_url``
    """

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self._notifier = messaging.Notifier(
            rpc.notification_transport(conf),
            serializer=rpc.ContextSerializer(messaging.NoOpSerializer()),
            topics=conf.notifications.versioned_notifications_topics,
        )

    def changed(
        self,
        context: sg_context.RequestContext,
        action: base.Action,
        service: Any,
    ) -> None:
        self._send(
            context, f'service.{action}', service, payload.status(service)
        )

    def state(
        self,
        context: sg_context.RequestContext,
        service: Any,
        *,
        up: bool,
        why: Any,
    ) -> None:
        contents = payload.state(service, up=up, why=why)
        self._send(context, 'service.state', service, contents)

    def _send(
        self,
        context: sg_context.RequestContext,
        event_type: str,
        service: Any,
        contents: dict[str, Any],
    ) -> None:
        publisher = f'{service.binary}:{service.host}'
        try:
            self._notifier.prepare(publisher_id=publisher).info(
                context, event_type, contents
            )
        except Exception as error:
            LOG.warning(
                'Cannot send %(event_type)s of %(publisher)s: %(error)s',
                {
                    'event_type': event_type,
                    'publisher': publisher,
                    'error': error,
                },
            )
