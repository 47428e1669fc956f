# SPDX-License-Identifier: Apache-2.0

"""Our errors as nova knows them, and nova's as we know them.

nova catches its own errors, and only its own keep their class over its RPC.
nova_sg does the same with its errors: a caller of a record store can go on
without an answer only if it gets a ``ServiceGroupUnavailable``.
"""

from collections.abc import Iterator
import contextlib
from typing import NoReturn

from kombu import exceptions as kombu_exc
from nova import exception as nova_exception
from oslo_db import exception as db_exc
import oslo_messaging as messaging
from sqlalchemy import exc as sa_exc

from nova_sg import exception
from nova_sg.db import refusals

#: Errors of ours which nova has by the same name, with the same arguments.
SHARED = (
    exception.ComputeHostNotFound,
    exception.HostBinaryNotFound,
    exception.InvalidInput,
    exception.ObjectActionError,
    exception.ServiceBinaryExists,
    exception.ServiceNotFound,
    exception.ServiceTooOld,
    exception.ServiceTopicExists,
)

#: Errors of nova which a record store has by the same name.
_OF_RECORDS = (
    nova_exception.ServiceBinaryExists,
    nova_exception.ServiceNotFound,
    nova_exception.ServiceTopicExists,
)

#: What nova meets where its conductor does not answer, or its broker.
_NO_CONDUCTOR = (
    messaging.MessagingTimeout,
    messaging.MessageDeliveryFailure,
    messaging.MessageUndeliverable,
    kombu_exc.KombuError,
    OSError,
)

#: Errors of nova when its database does not answer, or refuses connections.
#: oslo.db leaves some of that as it is: too many connections, a server that
#: starts, a pool that is used up.
_NO_DATABASE = (
    db_exc.DBConnectionError,
    db_exc.CantStartEngineError,
    db_exc.DBDeadlock,
    sa_exc.OperationalError,
    sa_exc.TimeoutError,
)

#: The same, met by a conductor: it crosses nova's RPC as no more than a name.
_MET_BY_CONDUCTOR = frozenset(
    each.__name__
    for each in (
        *_NO_CONDUCTOR,
        *_NO_DATABASE,
        exception.ServiceGroupUnavailable,
    )
)


@contextlib.contextmanager
def as_novas() -> Iterator[None]:
    """Raise what nova would have raised for the same reason."""
    try:
        yield
    except SHARED as error:
        theirs = getattr(nova_exception, type(error).__name__)
        raise theirs(**error.kwargs) from error


@contextlib.contextmanager
def as_ours() -> Iterator[None]:
    """Raise what a record store of ours would have raised.

    :raises CredentialRefused: the user of nova's database lacks a right
    :raises ServiceGroupUnavailable: nova's conductor or its database cannot
        be asked
    """
    try:
        yield
    except _OF_RECORDS as error:
        # One that a conductor sent is of a class that is made for it.
        (theirs,) = (each for each in _OF_RECORDS if isinstance(error, each))
        raise getattr(exception, theirs.__name__)(**error.kwargs) from error
    except (db_exc.DBError, sa_exc.DBAPIError) as error:
        if refusals.lacks_right(error):
            raise no_right(error) from error
        if not isinstance(error, _NO_DATABASE):
            raise
        _unavailable("nova's database", error)
    except _NO_DATABASE as error:
        _unavailable("nova's database", error)
    except _NO_CONDUCTOR as error:
        _unavailable("nova's conductor", error)
    except messaging.RemoteError as error:
        if error.exc_type == exception.OutcomeUnknown.__name__:
            raise exception.OutcomeUnknown(
                backend="nova's conductor", reason=first_line(error)
            ) from error
        if error.exc_type not in _MET_BY_CONDUCTOR:
            raise
        _unavailable("nova's conductor", error)


def outage_of(error: Exception) -> exception.ServiceGroupUnavailable | None:
    """Return what an error of nova's is to us where it is an outage."""
    try:
        with as_ours():
            raise error
    except exception.ServiceGroupUnavailable as outage:
        return outage
    except Exception:
        return None


def known(error: Exception) -> exception.NovaSgException | None:
    """Return an error of ours, or what an outage is to us; else None."""
    if isinstance(error, exception.NovaSgException):
        return error
    return outage_of(error)


def no_right(error: BaseException) -> exception.CredentialRefused:
    """Return what says that the user of nova's database lacks a right.

    :param error: what nova's database refused
    """
    return exception.CredentialRefused(
        backend="nova's database",
        reason=f'{refusals.reason_of(error)}. "nova-manage service prepare" '
        'names what its user lacks',
    )


def _unavailable(backend: str, error: Exception) -> NoReturn:
    raise exception.ServiceGroupUnavailable(
        backend=backend, reason=first_line(error)
    ) from error


def first_line(error: BaseException) -> str:
    """Return what an error says for all to read.

    Below its first line are a statement and its parameters, or the traceback
    of a conductor.
    """
    return str(error).strip().partition('\n')[0] or type(error).__name__
