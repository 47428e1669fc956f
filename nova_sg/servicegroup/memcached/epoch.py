# SPDX-License-Identifier: Apache-2.0

"""Whether a server still knows what it was told.

A key that is missing proves nothing by itself: a restarted server is empty,
and so is one that was flushed. So each server carries three keys of its own:

``epoch``
    a random value that never expires. Who finds it missing, be it a member or
    a reader, writes a new one.
``settling``
    written after it, expires by the server's clock when all members have had
    the time to beat again. As long as it is there, a key that is missing says
    nothing.
``begun``
    written last: the epoch whose settling has begun.

They are read in one request with the keys in question, in this order::

    <members ...> begun settling epoch

A key that is missing is really missing if ``begun`` and ``epoch`` are the
same and ``settling`` is not there. For the epoch was not flushed since it was
written, and settling was written after it: settling has expired, and the last
flush that may have taken the members is longer ago than that takes. A flush
at any moment between the keys, or between the writes, makes the two differ.
It takes no clock, and no state of a reader.
"""

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
import json
import math
from typing import NamedTuple
import uuid
import weakref

from oslo_config import cfg
from oslo_log import log as logging

from nova_sg.servicegroup.memcached import keys as keys_
from nova_sg.servicegroup.memcached import server as server_

LOG = logging.getLogger(__name__)

#: Called with a server that has a new epoch.
Callback = Callable[[server_.Server], None]

#: A TTL is counted in whole seconds of the server, and runs out up to one
#: second early.
EARLY = 1


class Reading(NamedTuple):
    """What was read from a server.

    :param values: by key, those that are there
    :param complete: a key that is not there was not written, or has expired
    :param epoch: the server's memory; another one knows nothing of this one
    """

    values: Mapping[str, bytes]
    complete: bool
    epoch: str


def settling_time(conf: cfg.ConfigOpts) -> int:
    """Return the seconds in which every living member beats again.

    A report interval, and a margin: a beat may have failed just before and
    may find the server slow. Not more than a member's own TTL, so that one
    which has beaten in the new epoch is never given longer than that.
    """
    margin: float = (
        conf.memcached.connect_timeout
        + conf.memcached.timeout
        + server_.FAIL_FAST
        + EARLY
    )
    interval: int = conf.servicegroup.report_interval
    wanted = math.ceil(interval + margin)
    return min(wanted, member_ttl(conf))


def member_ttl(conf: cfg.ConfigOpts) -> int:
    """Return the seconds a beat counts for."""
    return int(conf.servicegroup.service_down_time) + EARLY


class Memory:
    """The memory of one server.

    :param server: the server
    :param keys: the keys of the deployment
    :param conf: a loaded configuration
    """

    def __init__(
        self, server: server_.Server, keys: keys_.Keys, conf: cfg.ConfigOpts
    ) -> None:
        self.server = server
        self._keys = keys
        self._settling_time = settling_time(conf)
        # Members could not beat while it was out, either. One whose last
        # beat was an interval before that, and whose next one is yet to
        # come, has expired if it was out for longer than this.
        self._tolerable = (
            conf.servicegroup.service_down_time
            - 2 * conf.servicegroup.report_interval
            - self._settling_time
        )
        self._on_new: list[weakref.WeakMethod[Callback]] = []
        server.greet(self._greeting)

    def on_new_epoch(self, callback: Callback) -> None:
        """Call back when this process has given the server a new epoch.

        :param callback: a method; it is not kept alive
        """
        self._on_new.append(weakref.WeakMethod(callback))

    def read(self, keys: Sequence[str]) -> Reading:
        """Read keys, and whether those missing are really missing.

        One request; four more where the server has lost its memory.
        """
        own = self._keys.begun, self._keys.settling, self._keys.epoch
        found = self.server.get([*keys, *own])
        begun, settling, epoch = (found.pop(key, None) for key in own)
        if epoch is None or begun != epoch:
            return Reading(found, False, self._begin())
        return Reading(found, settling is None, epoch.decode())

    def gets(self, keys: Sequence[str]) -> dict[str, tuple[bytes, bytes]]:
        """Read keys with their tokens, for who writes them next.

        A writer does not care why a key is missing, but notices a server
        that lost its memory, so that readers learn of it from the epoch.
        """
        found = self.server.gets([*keys, self._keys.epoch])
        if found.pop(self._keys.epoch, None) is None:
            self._begin()
        return found

    def _begin(self) -> str:
        """Give a server a new epoch, or finish what another began.

        Of several who do that at once, all get the same.
        """
        mine = uuid.uuid4().hex.encode()
        if self.server.add([(self._keys.epoch, mine)])[0]:
            LOG.warning(
                'memcached %(server)s knows nothing of this deployment: it '
                'is new, or was restarted or flushed. For %(seconds)d s no '
                'service is taken for dead because of that.',
                {
                    'server': self.server.name,
                    'seconds': self._settling_time,
                },
            )
            for reference in self._on_new:
                callback = reference()
                if callback is not None:
                    callback(self.server)
        epoch = self.server.get([self._keys.epoch]).get(self._keys.epoch, b'')
        self.server.add(
            [(self._keys.settling, _note('lost its memory'))],
            self._settling_time,
        )
        self.server.set({self._keys.begun: epoch}, 0)
        return epoch.decode()

    def _greeting(self, seconds: float) -> server_.Write | None:
        """Return what a server is told that is back and kept its memory.

        Its clock went on while nobody could beat: members have expired which
        are alive. Those who were kept out say so, before they ask.
        """
        if seconds <= self._tolerable:
            return None
        note = _note('was out', seconds=round(seconds))
        return server_.Write(
            'add', self._keys.settling, note, self._settling_time
        )


def _note(why: str, **more: object) -> bytes:
    return json.dumps({'format': 1, 'why': why, **more}).encode()
