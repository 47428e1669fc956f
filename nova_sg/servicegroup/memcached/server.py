# SPDX-License-Identifier: Apache-2.0

"""One memcached server, as records and membership ask it."""

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import operator
import ssl
import threading
import time
from typing import Any
from typing import TypeVar

from oslo_log import log as logging
from pymemcache import exceptions

from nova_sg import exception
from nova_sg.servicegroup.memcached import connection

LOG = logging.getLogger(__name__)

T = TypeVar('T')

#: Seconds for which a server that failed is not asked again, where there are
#: others: a process would do nothing else than wait for it.
FAIL_FAST = 1.0

#: Seconds after which an idle connection is not used again. Something on the
#: way may have forgotten it.
IDLE = 60

#: Keys per request. More make a server stop answering others for a while.
READ_BATCH = 20_000
WRITE_BATCH = 1_000

#: The longest value: memcached refuses an item of 1 MiB, key and all.
MAX_VALUE = 1_000_000

_CLOSED = (exceptions.MemcacheUnexpectedCloseError, ConnectionError)


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


class Server:
    """A memcached server; any thread may use it.

    Nothing is asked without waiting for the answer, and for none longer than
    the timeouts say. Every method raises ``ServiceGroupUnavailable`` where
    the server cannot be asked, or refuses.

    :param host: its name or address
    :param port: its port
    :param options: how it is reached
    :ivar name: host:port
    """

    def __init__(self, host: str, port: int, options: Options) -> None:
        self.name = f'[{host}]:{port}' if ':' in host else f'{host}:{port}'
        self._address = (host, port)
        self._options = options
        self._lock = threading.Lock()
        self._pool = self._new_pool()
        self._out_since: float | None = None
        self._failed_at = -options.fail_fast
        self._why = ''
        self._greeting: Callable[[float], tuple[str, bytes, int] | None] = (
            lambda seconds: None
        )

    def greet(
        self, greeting: Callable[[float], tuple[str, bytes, int] | None]
    ) -> None:
        """Set what is told the server when it is back after it was out.

        :param greeting: called with the seconds it was out for us; returns
            a key to add before anything else is asked, its value, and its
            TTL, or None
        """
        self._greeting = greeting

    def get(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Return the values that are there.

        The keys are read in the order given; one request for up to
        :data:`READ_BATCH` of them.
        """
        return self._read('fetch', keys)

    def gets(self, keys: Sequence[str]) -> dict[str, tuple[bytes, bytes]]:
        """Return values with the tokens for :meth:`cas`."""
        return self._read('gets_many', keys)

    def set(self, items: Mapping[str, bytes], ttl: int) -> None:
        """Write values, whatever is there.

        :param ttl: seconds; 0 for ever
        """
        self._store('set', [(*item, b'') for item in items.items()], ttl)

    def add(
        self, items: Sequence[tuple[str, bytes]], ttl: int = 0
    ) -> list[bool]:
        """Write values where there is none.

        :returns: for each item whether it was written
        """
        return self._store('add', [(*item, b'') for item in items], ttl)

    def cas(
        self, items: Sequence[tuple[str, bytes, bytes]], ttl: int = 0
    ) -> list[bool]:
        """Write values where nobody else has since they were read.

        :param items: keys, values and the tokens that :meth:`gets` returned
        :param ttl: seconds; -1 takes the key away
        :returns: for each item whether it was written
        """
        return self._store('cas', items, ttl)

    def version(self) -> str:
        """Return the version of the server."""
        answer: bytes = self._ask(operator.methodcaller('version'))
        return answer.decode(errors='replace')

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

    def _new_pool(self) -> Any:
        return connection.Pool(
            self._address,
            connect_timeout=self._options.connect_timeout,
            timeout=self._options.timeout,
            tls_context=self._options.tls,
            pool_idle_timeout=IDLE,
            no_delay=True,
            default_noreply=False,
        )

    def _read(self, method: str, keys: Sequence[str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for start in range(0, len(keys), READ_BATCH):
            batch = keys[start : start + READ_BATCH]
            found.update(self._ask(operator.methodcaller(method, batch)))
        return found

    def _store(
        self, command: str, items: Sequence[tuple[str, bytes, bytes]], ttl: int
    ) -> list[bool]:
        for key, value, _token in items:
            if len(value) > MAX_VALUE:
                raise exception.InvalidInput(
                    reason=f'the value of {key} has {len(value)} bytes; '
                    f'memcached takes {MAX_VALUE}'
                )
        stored: list[bool] = []
        for start in range(0, len(items), WRITE_BATCH):
            batch = items[start : start + WRITE_BATCH]
            stored += self._ask(
                operator.methodcaller('store', command, batch, ttl)
            )
        return stored

    def _ask(self, question: Callable[[connection.Connection], T]) -> T:
        if time.monotonic() - self._failed_at < self._options.fail_fast:
            raise self._unavailable(self._why)
        try:
            try:
                answer = self._attempt(question)
            except _CLOSED:
                # It was restarted, or had closed an idle connection. Should
                # it have heard us nevertheless: nothing that is written here
                # does harm when it is written twice.
                self.reset()
                answer = self._attempt(question)
        except connection.Refused as error:
            raise self._unavailable(str(error)) from error
        except exceptions.MemcacheIllegalInputError:
            raise
        except (OSError, exceptions.MemcacheError) as error:
            self._failed(error)
            raise self._unavailable(self._why) from error
        if self._out_since is not None:
            self._returned()
        return answer

    def _attempt(self, question: Callable[[connection.Connection], T]) -> T:
        pool = self._pool.client_pool
        with pool.get_and_release(destroy_on_fail=True) as client:
            since = self._out_since
            if since is not None:
                greeting = self._greeting(time.monotonic() - since)
                if greeting is not None:
                    key, value, ttl = greeting
                    client.store('add', [(key, value, b'')], ttl)
            return question(client)

    def _failed(self, error: Exception) -> None:
        # Other connections may hang as this one did.
        self.reset()
        with self._lock:
            self._failed_at = time.monotonic()
            self._why = str(error) or type(error).__name__
            if self._out_since is not None:
                return
            self._out_since = self._failed_at
        LOG.warning(
            'memcached %(server)s is out: %(why)s. What it knows is unknown '
            'until it is back.',
            {'server': self.name, 'why': self._why},
        )

    def _returned(self) -> None:
        with self._lock:
            since, self._out_since = self._out_since, None
        if since is not None:
            LOG.info(
                'memcached %(server)s is back after %(seconds).0f s.',
                {
                    'server': self.name,
                    'seconds': time.monotonic() - since,
                },
            )

    def _unavailable(self, why: str) -> exception.ServiceGroupUnavailable:
        return exception.ServiceGroupUnavailable(
            backend=f'memcached {self.name}', reason=why
        )
