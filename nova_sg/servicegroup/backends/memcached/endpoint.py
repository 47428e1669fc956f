# SPDX-License-Identifier: Apache-2.0

"""A memcached server over its connections: lost, and found again."""

from collections.abc import Callable
import dataclasses
import ssl
import threading
import time
from typing import Any
from typing import TypeVar

from oslo_log import log as logging
from pymemcache import exceptions

from nova_sg import exception
from nova_sg import instruments
from nova_sg import private
from nova_sg.servicegroup.backends.memcached import connection
from nova_sg.servicegroup.backends.memcached import options as sg_options

LOG = logging.getLogger(__name__)

T = TypeVar('T')

#: Seconds for which a server that failed is not asked again, where there are
#: others: a process would do nothing else than wait for it.
FAIL_FAST = 1.0

#: Seconds after which an idle connection is not used again. Something on the
#: way may have forgotten it.
IDLE = 60

_CLOSED = (exceptions.MemcacheUnexpectedCloseError, ConnectionError)


class Attendant:
    """What attends to the outages of a server; any thread may call it."""

    def greeting(self, seconds: float) -> connection.Write | None:
        """Return what to write before anything else once it is back.

        :param seconds: how long it has been out for this process
        """
        return None

    def lost(self, why: str) -> None:
        """Note that the server is out for this process."""

    def returned(self) -> None:
        """Note that it answers again."""


class _Unsure(Exception):
    """A connection broke under writes that are never sent twice.

    :param why: what it broke with
    """

    def __init__(self, why: Exception) -> None:
        super().__init__(why)
        self.why = why


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """How servers are reached.

    :param connect_timeout: seconds to wait for a connection
    :param timeout: seconds to wait for an answer
    :param fail_fast: seconds for which it is not asked again after it failed
    :param tls: the context to wrap connections in; None for plain TCP
    """

    connect_timeout: float
    timeout: float
    fail_fast: float
    tls: ssl.SSLContext | None = None


#: What a server that cannot be asked makes of a request.
_FAILED = (OSError, exceptions.MemcacheError, _Unsure)


class Endpoint:
    """A memcached server; any thread may use it.

    Each question waits for its answer, no longer than the timeouts say. Where
    no answer comes, the connections are replaced, and the attendant is told.

    :param name: as in ``[memcached] servers``: host:port, or the path of a
        Unix socket
    :param options: how it is reached
    :ivar name: the same
    :ivar options: the same
    """

    def __init__(self, name: str, options: Options) -> None:
        private.check('memcached')
        self.name = name
        self._address = sg_options.address(name)
        self.options = options
        self._lock = threading.Lock()
        self._pool = self._new_pool()
        self._out_since: float | None = None
        self._failed_at = -options.fail_fast
        self._why = ''
        self._attendant = Attendant()

    def attend(self, attendant: Attendant) -> None:
        """Set what attends to the outages of the server."""
        self._attendant = attendant

    def reset(self) -> None:
        """Use new connections from now on, and close those not in use."""
        old, self._pool = self._pool, self._new_pool()
        idle = old.client_pool
        while idle.free:
            idle.destroy(idle.get())

    def forget(self) -> None:
        """Let go of connections inherited over a fork, without a word."""
        self._pool = self._new_pool()
        self._lock = threading.Lock()

    def unavailable(self, why: str) -> exception.ServiceGroupUnavailable:
        """Return the error that names this server."""
        return exception.ServiceGroupUnavailable(
            backend=f'memcached {self.name}', reason=why
        )

    def _new_pool(self) -> Any:
        return connection.Pool(
            self._address,
            connect_timeout=self.options.connect_timeout,
            timeout=self.options.timeout,
            tls_context=self.options.tls,
            pool_idle_timeout=IDLE,
            default_noreply=False,
        )

    def _ask(
        self,
        question: Callable[[connection.Connection], T],
        *,
        once: bool = False,
    ) -> T:
        """Return the answer to a question.

        :param question: called with a connection, a second time where the
            first one was closed
        :param once: never call it twice where the server may have heard it
        :raises ServiceGroupUnavailable: the server did not answer, or refuses
        :raises OutcomeUnknown: with ``once``: the server may have done it
        """
        if time.monotonic() - self._failed_at < self.options.fail_fast:
            raise self.unavailable(self._why)
        try:
            with instruments.request('memcached', _FAILED):
                answer = self._answer(question, once)
        except _Unsure as error:
            if isinstance(error.why, _CLOSED):
                self.reset()
            else:
                self._failed(error.why)
            raise exception.OutcomeUnknown(
                backend=f'memcached {self.name}', reason=_text(error.why)
            ) from error.why
        except connection.Refused as error:
            raise self.unavailable(str(error)) from error
        except exceptions.MemcacheIllegalInputError:
            raise
        except (OSError, exceptions.MemcacheError) as error:
            self._failed(error)
            raise self.unavailable(self._why) from error
        if self._out_since is not None:
            self._returned()
        return answer

    def _answer(
        self, question: Callable[[connection.Connection], T], once: bool
    ) -> T:
        try:
            return self._attempt(question, once)
        except _CLOSED:
            # It was restarted, or had closed an idle connection.
            self.reset()
            return self._attempt(question, once)

    def _attempt(
        self, question: Callable[[connection.Connection], T], once: bool
    ) -> T:
        pool = self._pool.client_pool
        with pool.get_and_release(destroy_on_fail=True) as client:
            since = self._out_since
            if since is not None:
                greeting = self._attendant.greeting(time.monotonic() - since)
                if greeting is not None:
                    client.store([greeting])
            client.sent = False
            try:
                return question(client)
            except (OSError, exceptions.MemcacheError) as error:
                if once and client.sent:
                    raise _Unsure(error) from error
                raise

    def _failed(self, error: Exception) -> None:
        # Other connections may hang as this one did.
        self.reset()
        with self._lock:
            self._failed_at = time.monotonic()
            self._why = _text(error)
            if self._out_since is not None:
                return
            self._out_since = self._failed_at
            self._attendant.lost(self._why)
        LOG.warning(
            'memcached %(server)s is unreachable: %(why)s. Until it answers, '
            'services with keys on it keep their last known state.',
            {'server': self.name, 'why': self._why},
        )

    def _returned(self) -> None:
        with self._lock:
            since, self._out_since = self._out_since, None
            if since is not None:
                self._attendant.returned()
        if since is not None:
            LOG.info(
                'memcached %(server)s answers again after %(seconds).0f s.',
                {
                    'server': self.name,
                    'seconds': time.monotonic() - since,
                },
            )


def _text(error: Exception) -> str:
    return str(error) or type(error).__name__
