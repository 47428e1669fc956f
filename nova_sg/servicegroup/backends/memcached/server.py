# SPDX-License-Identifier: Apache-2.0

"""One memcached server, as records and membership ask it."""

from collections.abc import Mapping
from collections.abc import Sequence
import operator
from typing import Any

from nova_sg import exception
from nova_sg import sequences
from nova_sg.servicegroup.backends.memcached import connection
from nova_sg.servicegroup.backends.memcached import endpoint

#: Keys per request. More make a server stop answering others for a while.
READ_BATCH = 20_000
WRITE_BATCH = 2_500

#: The longest value: memcached refuses an item of 1 MiB, key and all.
MAX_VALUE = 1_000_000

Write = connection.Write


class Server(endpoint.Endpoint):
    """The requests that a memcached server answers.

    Every method raises ``ServiceGroupUnavailable`` where the server cannot be
    asked, or refuses.
    """

    def get(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Return the values that are there.

        The keys are read in the order given; one request for up to
        :data:`READ_BATCH` of them.
        """
        return self._read('fetch', keys)

    def get_changed(
        self, request: bytes, before: bytes
    ) -> tuple[bytes, dict[str, bytes] | None]:
        """Return the values for a request, if they have changed.

        For a caller that asks for the same again and again; see
        :meth:`.connection.Connection.fetch_changed`.

        :param request: of :func:`.connection.question`, for no more than
            :data:`READ_BATCH` keys
        """
        answer: tuple[bytes, dict[str, bytes] | None] = self._ask(
            operator.methodcaller('fetch_changed', request, before)
        )
        return answer

    def gets(self, keys: Sequence[str]) -> dict[str, tuple[bytes, bytes]]:
        """Return values with the tokens for :meth:`cas`."""
        return self._read('gets_many', keys)

    def set(self, items: Mapping[str, bytes], ttl: int) -> None:
        """Write values, whatever is there.

        :param ttl: seconds; 0 for ever
        """
        self.write(
            [Write('set', key, value, ttl) for key, value in items.items()]
        )

    def add(
        self,
        items: Sequence[tuple[str, bytes]],
        ttl: int = 0,
        *,
        once: bool = False,
    ) -> list[bool]:
        """Write values where there is none.

        :param once: see :meth:`write`
        :returns: for each item whether it was written
        """
        return self.write(
            [Write('add', key, value, ttl) for key, value in items], once=once
        )

    def cas(
        self,
        items: Sequence[tuple[str, bytes, bytes]],
        ttl: int = 0,
        *,
        once: bool = False,
    ) -> list[bool]:
        """Write values where no other process has since they were read.

        :param items: keys, values and the tokens that :meth:`gets` returned
        :param ttl: seconds; -1 takes the key away
        :param once: see :meth:`write`
        :returns: for each item whether it was written
        """
        return self.write(
            [
                Write('cas', key, value, ttl, token)
                for key, value, token in items
            ],
            once=once,
        )

    def write(
        self, writes: Sequence[Write], *, once: bool = False
    ) -> list[bool]:
        """Write in the order given; one request for many writes.

        Where the connection breaks, as that to a server which was restarted,
        the writes are sent again: that does no harm where each either says
        the same twice, or is found done by the caller, which reads the key.

        :param once: never send them twice, as it may matter whether they
            were done before
        :returns: for each whether it was done; False for an ``add`` or
            ``cas`` for which the key was not as it should be
        :raises OutcomeUnknown: with ``once``: they may have been done
        """
        for each in writes:
            if len(each.value) > MAX_VALUE:
                raise exception.InvalidInput(
                    reason=f'the value of {each.key} has {len(each.value)} '
                    f'bytes; memcached takes {MAX_VALUE}'
                )
        done: list[bool] = []
        for batch in sequences.batched(writes, WRITE_BATCH):
            done += self._ask(operator.methodcaller('store', batch), once=once)
        return done

    def version(self) -> str:
        """Return the version of the server."""
        answer: bytes = self._ask(operator.methodcaller('version'))
        return answer.decode(errors='replace')

    def _read(self, method: str, keys: Sequence[str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if len(keys) <= READ_BATCH:
            if keys:
                found = self._ask(operator.methodcaller(method, keys))
            return found
        for batch in sequences.batched(keys, READ_BATCH):
            found.update(self._ask(operator.methodcaller(method, batch)))
        return found
