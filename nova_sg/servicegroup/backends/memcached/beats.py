# SPDX-License-Identifier: Apache-2.0

"""Beats of many workers in a few requests to their server.

Several workers may share a key, so a beat is put into the value that is
there, by compare-and-set. Where another writer was faster, it is tried again.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence

from nova_sg.servicegroup import reasons
from nova_sg.servicegroup.backends.memcached import epoch
from nova_sg.servicegroup.backends.memcached import keys as keys_
from nova_sg.servicegroup.backends.memcached import last
from nova_sg.servicegroup.backends.memcached import server as server_
from nova_sg.servicegroup.backends.memcached import values
from nova_sg.servicegroup.backends.memcached import worker as worker_
from nova_sg.servicegroup.backends.memcached.silence import TRACE_TTL

Workers = list[worker_.Worker]

#: How often it is tried.
ATTEMPTS = 20


class Beats:
    """Writes beats to one server.

    :param memory: the memory of the server
    :param ttl: seconds for which a beat counts
    """

    def __init__(self, memory: epoch.ServerMemory, ttl: int) -> None:
        self._memory = memory
        self._server = memory.server
        self._ttl = ttl

    def join(self, workers: Sequence[worker_.Worker]) -> Workers:
        """Beat for the first time, also where the service was forgotten.

        Its record is there: it was restored, or never destroyed in the end.
        """
        forgotten = self.beat(workers)
        self._server.set(
            {each.key: each.alone() for each in forgotten}, self._ttl
        )
        return []

    def beat(self, workers: Sequence[worker_.Worker]) -> Workers:
        """Beat; two requests where all is well.

        :returns: the workers of services that were forgotten
        :raises ServiceGroupUnavailable: not all have beaten
        """
        for worker in workers:
            worker.count()
        return self._for_all(workers, self._beat)

    def leave(self, workers: Sequence[worker_.Worker]) -> Workers:
        """Take workers out of their keys; two requests where all is well.

        :returns: the workers of services that were forgotten
        :raises ServiceGroupUnavailable: not all have left
        """
        return self._for_all(workers, self._leave)

    def note_wedged(self, workers: Sequence[worker_.Worker]) -> Workers:
        """Say that workers hang, where no other beats; two requests.

        What another worker says meanwhile counts. Where all of a service
        hang, the one that beat last finds that no other has since.
        """
        for worker in workers:
            # The next beat says otherwise.
            worker.renew_trace()
        found = self._server.gets(
            [key for each in workers for key in (each.key, each.last)]
        )
        writes = []
        for worker in workers:
            value, _token = found.get(worker.key, (values.left(), b''))
            if worker.beat_last(value):
                end, there = last.End(worker.last), found.get(worker.last)
                writes += end.says(True, there, reasons.WEDGED)
        self._server.write(writes)
        return []

    def leave_invocation(
        self, keys: keys_.Keys, uuid: str, invocation: str
    ) -> int:
        """Take the workers of an invocation out of the key of a service.

        The others have a TTL from now on to beat again: this process has not
        seen when they did.

        :param keys: the keys of the deployment
        :returns: how many there were
        :raises ServiceGroupUnavailable: they may be there still
        """
        key, said = keys.member(uuid), keys.last(uuid)
        end = last.End(said)
        for _attempt in range(ATTEMPTS):
            found = self._server.gets([key, said])
            if key not in found:
                return 0
            value, token = found[key]
            rest = worker_.without_invocation(value, invocation)
            if rest is None:
                return 0
            writes = end.says(
                rest.alone, found.get(said), reasons.SILENT, rest.seen_at
            )
            taken = len(writes)
            writes.append(
                server_.Write('cas', key, rest.value, self._ttl, token)
            )
            if rest.alone:
                # It was not kept from beating.
                trace = server_.Write('set', keys.trace(uuid), b'', -1)
                writes.append(trace)
            if self._server.write(writes)[taken]:
                return rest.taken
        raise self._server.unavailable('the key changes all the time')

    def _for_all(
        self,
        workers: Iterable[worker_.Worker],
        attempt: Callable[[Workers], tuple[Workers, Workers]],
    ) -> Workers:
        """Do something for workers, and again where others were faster.

        :param attempt: returns the workers to try again, and those of
            services that were forgotten
        :returns: all of the latter
        """
        forgotten: Workers = []
        rest = list(workers)
        for _attempt in range(ATTEMPTS):
            rest, gone = attempt(rest)
            forgotten += gone
            if not rest:
                return forgotten
        raise self._server.unavailable(
            f'{len(rest)} key(s) change all the time'
        )

    def _beat(self, workers: Workers) -> tuple[Workers, Workers]:
        """Beat once; see :meth:`_for_all`."""
        found, tick = self._memory.gets([each.key for each in workers])
        forgotten: Workers = []
        writing: list[tuple[worker_.Worker, server_.Write]] = []
        for worker in workers:
            key = worker.key
            if key not in found:
                write = server_.Write('add', key, worker.alone(), self._ttl)
                writing.append((worker, write))
                continue
            value, token = found[key]
            merged = worker.among(value)
            if merged is None:
                forgotten.append(worker)
            else:
                write = server_.Write('cas', key, merged, self._ttl, token)
                writing.append((worker, write))
        beating = [worker for worker, _ in writing]
        done = self._server.write(
            [write for _, write in writing] + self._traces(tick, beating)
        )
        return _refused(beating, done), forgotten

    def _traces(
        self, found: tuple[bytes, bytes] | None, beating: Workers
    ) -> list[server_.Write]:
        """Return what a beat leaves behind beside it; see :mod:`.silence`.

        :param found: the tick that was read
        """
        if not beating:
            return []
        silence = self._memory.silence
        tick, begins = silence.beat(found)
        value, renewal = b'%d' % tick, silence.bounds.renewal
        writes = list(begins)
        for each in beating:
            if each.leaves_trace(tick, renewal):
                writes += [
                    server_.Write('set', each.trace, value, TRACE_TTL),
                    last.expected(each.last),
                ]
        return writes

    def _leave(self, workers: Workers) -> tuple[Workers, Workers]:
        """Leave once; see :meth:`_for_all`."""
        found, _tick = self._memory.gets(
            [key for each in workers for key in (each.key, each.last)]
        )
        leaving: list[tuple[worker_.Worker, server_.Write]] = []
        forgotten: Workers = []
        # Why they are gone is there before it shows that they are.
        first: list[server_.Write] = []
        traces = []
        for worker in workers:
            key, alone = worker.key, True
            if key not in found:
                # Said of a missing key too: it may be missing since the
                # server lost its memory, and the service would be presumed
                # up.
                write = server_.Write('add', key, values.left(), self._ttl)
            else:
                value, token = found[key]
                rest = worker.without(value)
                if rest is None:
                    forgotten.append(worker)
                    continue
                alone = rest.alone
                write = server_.Write('cas', key, rest.value, rest.ttl, token)
            leaving.append((worker, write))
            there = found.get(worker.last)
            first += worker.end.says(alone, there, reasons.STOPPED)
            if alone:
                # It was not kept from beating.
                traces.append(server_.Write('set', worker.trace, b'', -1))
        done = self._server.write(
            [*first, *(write for _, write in leaving), *traces]
        )[len(first) :]
        return _refused([worker for worker, _ in leaving], done), forgotten


def _refused(workers: Workers, done: Sequence[bool]) -> Workers:
    """Return the workers whose write was not done.

    :param done: of their writes, and then of others
    """
    return [
        worker
        for worker, written in zip(workers, done, strict=False)
        if not written
    ]
