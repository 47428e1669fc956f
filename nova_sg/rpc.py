# SPDX-License-Identifier: Apache-2.0

"""The message bus: its transport, and what crosses it beside objects."""

from collections.abc import Iterator
import contextlib
from typing import Any

from kombu import exceptions as kombu_exc
from oslo_config import cfg
import oslo_messaging as messaging
from oslo_versionedobjects import exception as ovo_exc

from nova_sg import conf as sg_conf
from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg.conf import transport_check

#: Exceptions of these modules that a peer sent are raised here as they were.
EXCEPTION_MODULES = [exception.__name__, ovo_exc.__name__]

#: Parts of a context which open doors elsewhere, and none of ours.
_SECRETS = ('auth_token', 'service_token')

#: What oslo.messaging adds to the name of a class that came over the wire.
_REMOTE = '_Remote'


def transport(conf: cfg.ConfigOpts) -> Any:
    """Return a connection to the message bus; it connects at first use.

    :raises InvalidConfiguration: ``[DEFAULT] transport_url`` is not one, or
        naming the option of ``[oslo_messaging_rabbit]``
    """
    sg_conf.register_messaging(conf)
    option = '[DEFAULT] transport_url'
    with _usable_url(option):
        url = messaging.TransportURL.parse(conf)
        transport_check.check(conf, url, option)
        return messaging.get_rpc_transport(
            conf, url=url, allowed_remote_exmods=EXCEPTION_MODULES
        )


def notification_transport(conf: cfg.ConfigOpts) -> Any:
    """Return a connection for notifications; it connects at first use.

    :raises InvalidConfiguration: ``[oslo_messaging_notifications]
        transport_url``, or the one of ``[DEFAULT]``, is not one, or naming
        the option of ``[oslo_messaging_rabbit]``
    """
    sg_conf.register_messaging(conf)
    transport_check.check_notifications(conf)
    own = conf.oslo_messaging_notifications.transport_url
    group = 'oslo_messaging_notifications' if own else 'DEFAULT'
    option = f'[{group}] transport_url'
    with _usable_url(option):
        url = messaging.TransportURL.parse(conf, own)
        transport_check.check(conf, url, option)
        return messaging.get_notification_transport(conf, url=url)


@contextlib.contextmanager
def _usable_url(option: str) -> Iterator[None]:
    try:
        yield
    except (
        messaging.InvalidTransportURL,
        messaging.DriverLoadFailure,
        ImportError,
        ValueError,
    ):
        # Their messages quote the URL with its password.
        raise exception.InvalidConfiguration(
            option=option,
            reason='this is no URL of a message broker, or its driver is not '
            'installed',
        ) from None


class ContextSerializer(messaging.Serializer):  # type: ignore[misc]
    """Carries the context of a call beside its arguments.

    Request id, user, project, roles and cell go along; tokens do not: what
    is on the other side needs none.

    :param entities: the serializer of arguments and results
    """

    def __init__(self, entities: Any) -> None:
        self._entities = entities

    def serialize_entity(self, context: Any, entity: Any) -> Any:
        return self._entities.serialize_entity(context, entity)

    def deserialize_entity(self, context: Any, entity: Any) -> Any:
        return self._entities.deserialize_entity(context, entity)

    def serialize_context(
        self, context: sg_context.RequestContext
    ) -> dict[str, Any]:
        values = context.to_dict()
        return {k: v for k, v in values.items() if k not in _SECRETS}

    def deserialize_context(
        self, context: dict[str, Any]
    ) -> sg_context.RequestContext:
        return sg_context.RequestContext.from_dict(context)


class ServerSerializer(ContextSerializer):
    """The same for a server: a call that cannot be read gets an error."""

    def deserialize_entity(self, context: Any, entity: Any) -> Any:
        with _readable():
            return super().deserialize_entity(context, entity)

    def deserialize_context(
        self, context: dict[str, Any]
    ) -> sg_context.RequestContext:
        with _readable():
            return super().deserialize_context(context)


@contextlib.contextmanager
def _readable() -> Iterator[None]:
    """Answer what is malformed, or too new, without a traceback in the log."""
    try:
        try:
            yield
        except ovo_exc.VersionedObjectsException as error:
            plain(error)
            raise
        except Exception as error:
            raise exception.InvalidInput(
                reason=f'the message cannot be read: {_reason(error)}'
            ) from error
    except Exception:
        # It carries the error that is being handled.
        raise messaging.ExpectedException() from None


@contextlib.contextmanager
def errors(backend: str, method: str) -> Iterator[None]:
    """Raise the errors of oslo.messaging as errors of ours.

    :param backend: the server of the call, as an operator knows it
    :param method: the name of the call
    :raises NoAnswer: no broker or no answer: it is not known
        whether the call was served
    :raises ConductorMissing: no conductor listens at the broker
    :raises ConductorError: the call was refused before it was served
    :raises ConductorTooOld: so it was, since its version is newer
    :raises InvalidConfiguration: ``[upgrade_levels]`` forbids the call
    """
    try:
        yield
    except messaging.MessagingTimeout:
        raise exception.NoAnswer(
            backend=backend, reason=f'no answer to {method}'
        ) from None
    except messaging.MessageUndeliverable:
        raise exception.ConductorMissing(backend=backend) from None
    except (
        messaging.MessageDeliveryFailure,
        kombu_exc.KombuError,
        OSError,
    ) as error:
        raise exception.NoAnswer(
            backend=backend, reason=_reason(error)
        ) from error
    except messaging.RPCVersionCapError as error:
        raise exception.InvalidConfiguration(
            option='[upgrade_levels] conductor',
            reason=f'{method} needs version {error.version}, and '
            f'{error.version_cap} is the highest to send',
        ) from None
    except messaging.RemoteError as error:
        kind = (
            exception.ConductorTooOld
            if error.exc_type == messaging.UnsupportedVersion.__name__
            else exception.ConductorError
        )
        raise kind(
            method=method, reason=f'{error.exc_type}: {error.value}'
        ) from None
    except (
        exception.NovaSgException,
        ovo_exc.VersionedObjectsException,
    ) as error:
        raise _as_raised(error) from None


def plain(error: Any) -> None:
    """Make the arguments of an error such that JSON has a place for them."""
    error.kwargs = {
        name: value
        if isinstance(value, str | int | float | None)
        else str(value)
        for name, value in error.kwargs.items()
    }


def _as_raised(error: Any) -> Exception:
    """Return an error as it was over there.

    What oslo.messaging rebuilds is of a class made for it, and its text ends
    with a traceback of the server.
    """
    mine = type(error)
    if mine.__name__.endswith(_REMOTE):
        mine = mine.__mro__[1]
    raised: Exception = mine(error.args[0], **error.kwargs)
    return raised


def _reason(error: BaseException) -> str:
    return ' '.join(str(error).split())
