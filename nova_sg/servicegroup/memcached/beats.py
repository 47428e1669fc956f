# SPDX-License-Identifier: Apache-2.0

"""Beats of many workers in a few requests to their server.

Several workers may share a key, so a beat is put into the value that is
there, by compare-and-set. Where somebody else was faster, it is tried again.
"""

from collections import defaultdict
from collections.abc import Sequence

from nova_sg import exception
from nova_sg.servicegroup.memcached import epoch
from nova_sg.servicegroup.memcached import presence

Workers = list[presence.Worker]

#: How often it is tried.
ATTEMPTS = 20


class Beats:
    """Writes beats to one server.

    :param memory: the memory of the server
    :param ttl: seconds for which a beat counts
    """

    def __init__(self, memory: epoch.Memory, ttl: int) -> None:
        self._memory = memory
        self._server = memory.server
        self._ttl = ttl

    def join(self, workers: Sequence[presence.Worker]) -> Workers:
        """Beat for the first time, also where the service was forgotten.

        Its record is there: it was restored, or never destroyed in the end.
        """
        forgotten = self.beat(workers)
        self._server.set(
            {each.key: each.alone() for each in forgotten}, self._ttl
        )
        return []

    def beat(self, workers: Sequence[presence.Worker]) -> Workers:
        """Beat; two requests where all is well.

        :returns: the workers whose service was forgotten
        :raises ServiceGroupUnavailable: not all have beaten
        """
        for worker in workers:
            worker.count()
        gone: Workers = []
        rest = list(workers)
        for _attempt in range(ATTEMPTS):
            rest, forgotten = self._beat(rest)
            gone += forgotten
            if not rest:
                return gone
        raise exception.ServiceGroupUnavailable(
            backend=f'memcached {self._server.name}',
            reason=f'{len(rest)} key(s) change all the time',
        )

    def leave(self, workers: Sequence[presence.Worker]) -> Workers:
        """Take workers out of their keys; two requests where all is well.

        :raises ServiceGroupUnavailable: not all have left
        """
        staying = list(workers)
        for _attempt in range(ATTEMPTS):
            staying = self._leave(staying)
            if not staying:
                return []
        raise exception.ServiceGroupUnavailable(
            backend=f'memcached {self._server.name}',
            reason=f'{len(staying)} key(s) change all the time',
        )

    def _beat(self, workers: Workers) -> tuple[Workers, Workers]:
        """Beat once; return those who must try again, and the forgotten."""
        found = self._memory.gets([each.key for each in workers])
        forgotten, missing, present = [], [], []
        for worker in workers:
            if worker.key not in found:
                missing.append((worker, (worker.key, worker.alone())))
                continue
            value, token = found[worker.key]
            merged = worker.among(value)
            if merged is None:
                forgotten.append(worker)
            else:
                present.append((worker, (worker.key, merged, token)))
        added = self._server.add([item for _, item in missing], self._ttl)
        put_in = self._server.cas([item for _, item in present], self._ttl)
        writing = [worker for worker, _ in missing]
        writing += [worker for worker, _ in present]
        again = [
            worker
            for worker, done in zip(writing, added + put_in, strict=True)
            if not done
        ]
        return again, forgotten

    def _leave(self, workers: Workers) -> Workers:
        """Leave once; return the workers for which it must be tried again."""
        found = self._memory.gets([each.key for each in workers])
        # Said of a missing key too: it may be missing since the server lost
        # its memory, and the service would be presumed up.
        missing = [each for each in workers if each.key not in found]
        stored = self._server.add(
            [(each.key, presence.left()) for each in missing], self._ttl
        )
        again = [
            worker
            for worker, done in zip(missing, stored, strict=True)
            if not done
        ]
        by_ttl = defaultdict(list)
        for worker in workers:
            if worker.key in found:
                value, token = found[worker.key]
                rest = worker.without(value)
                if rest is not None:
                    by_ttl[rest[1]].append((worker, rest[0], token))
        for ttl, leaving in by_ttl.items():
            stored = self._server.cas(
                [
                    (worker.key, value, token)
                    for worker, value, token in leaving
                ],
                ttl,
            )
            again += [
                worker
                for (worker, *_), done in zip(leaving, stored, strict=True)
                if not done
            ]
        return again
