# SPDX-License-Identifier: Apache-2.0

"""Whether a server still knows what it was told.

A key that is missing proves nothing by itself: a restarted server is empty,
and so is one that was flushed. So each server carries three keys of its own:

``epoch``
    a random value that never expires. What finds it missing, be it a member or
    a reader, writes a new one.
``settling``
    written after it, expires by the server's clock when all members have had
    the time to beat again. As long as it is there, a key that is missing says
    nothing.
``begun``
    written last: the epoch in which settling has begun.

They are read in one request with the keys in question, in this order::

    <members ...> begun settling epoch

A key that is missing is really missing if ``begun`` and ``epoch`` are the
same and ``settling`` is not there. For the epoch was not flushed since it was
written, and settling was written after it: settling has expired, and the last
flush that may have taken the members is longer ago than that takes. A flush
at any moment between the keys, or between the writes, makes the two differ.
It takes no clock, and no state of a reader::

    t=0   memcached is restarted; agents A and B live, C died a minute ago
    t=1   a command finds no epoch, writes one, and settling, for 14 s. It
          knows nothing: it shows A, B and C as up.
    t=3   A beats
    t=9   B beats
    t=15  settling expires: C is down

A server that kept its memory, but was out of reach until members expired, is
another matter: see :mod:`.silence`. It is never one client that settles it.
"""

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
import math
from typing import NamedTuple
import uuid
import weakref

from oslo_config import cfg
from oslo_log import log as logging

from nova_sg.servicegroup import doubt
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup.backends.memcached import endpoint
from nova_sg.servicegroup.backends.memcached import keys as keys_
from nova_sg.servicegroup.backends.memcached import server as server_
from nova_sg.servicegroup.backends.memcached import silence

LOG = logging.getLogger(__name__)

#: Called with a server that has a new epoch.
Callback = Callable[[server_.Server], None]

#: A TTL is counted in whole seconds of the server, and runs out up to one
#: second early.
EARLY = 1

#: Why keys of services that could not beat say nothing.
SILENT = 'no service could beat for a while, nor has each had time since'

#: The value of ``settling``, for an operator.
_WHY = b'{"format": 1, "why": "lost its memory"}'


class Reading(NamedTuple):
    """What was read from a server.

    :param values: by key, those that are there
    :param complete: a key that is not there was not written, or has expired
    :param epoch: the server's memory; another one knows nothing of this one
    :param tick: the tick of its members, see :mod:`.silence`
    :param silent: the tick in which all of them fell silent, and have not had
        the time to beat since; None where they have
    """

    values: Mapping[str, bytes]
    complete: bool
    epoch: str
    tick: int = 0
    silent: int | None = None


def settling_time(conf: cfg.ConfigOpts) -> int:
    """Return the seconds in which every living member beats again.

    A report interval, and a margin: a beat may have failed just before and
    may find the server slow. Not more than a member's own TTL, so that one
    which has beaten in the new epoch is never given longer than that.
    """
    margin: float = (
        conf.memcached.connect_timeout
        + conf.memcached.timeout
        + endpoint.FAIL_FAST
        + EARLY
    )
    interval: int = conf.servicegroup.report_interval
    wanted = math.ceil(interval + margin)
    return min(wanted, member_ttl(conf))


def bounds(conf: cfg.ConfigOpts) -> doubt.Bounds:
    """Return how long one process doubts after an outage of its own."""
    group = conf.servicegroup
    return doubt.bounds_of(group.report_interval, group.service_down_time)


def longest_doubt(conf: cfg.ConfigOpts) -> float:
    """Return the seconds by which a crash shows later at most.

    A member that died just before or within a silence is given the time to
    beat, as often as all members fall silent until its trace is too old.
    """
    settling = settling_time(conf)
    renewal = silence.bounds(conf, settling).renewal
    interval: int = conf.servicegroup.report_interval
    return max(bounds(conf).limit, settling + (renewal + 1) * interval)


def member_ttl(conf: cfg.ConfigOpts) -> int:
    """Return the seconds a beat counts for."""
    return int(conf.servicegroup.service_down_time) + EARLY


class ServerMemory(endpoint.Attendant):
    """The memory of one server.

    :param server: the server
    :param keys: the keys of the deployment
    :param conf: a loaded configuration
    :ivar silence: the ticks of its members
    :ivar doubting: what this process saw of its outages
    """

    def __init__(
        self, server: server_.Server, keys: keys_.Keys, conf: cfg.ConfigOpts
    ) -> None:
        self.server = server
        self._keys = keys
        self._settling_time = settling_time(conf)
        self._on_new: list[weakref.WeakMethod[Callback]] = []
        self.silence = silence.Silence(
            keys, silence.bounds(conf, self._settling_time)
        )
        self.doubting = doubt.Doubting(bounds(conf))
        server.attend(self)

    def greeting(self, seconds: float) -> server_.Write | None:
        """Return what to tell the server first once it is back."""
        return self.silence.greeting(seconds)

    def lost(self, why: str) -> None:
        """Note that the server is out for this process."""
        self.doubting.lost(f'memcached {self.server.name} was out: {why}')

    def returned(self) -> None:
        """Note that it answers again."""
        self.doubting.found()
        self.silence.returned()

    def on_new_epoch(self, callback: Callback) -> None:
        """Call back when this process has given the server a new epoch.

        :param callback: a method; it is not kept alive
        """
        self._on_new.append(weakref.WeakMethod(callback))

    def read(self, keys: Sequence[str]) -> Reading:
        """Read keys, and whether those missing are really missing.

        One request; four more where the server has lost its memory, and one
        where all of its members may have fallen silent.
        """
        mine = self._keys
        counts = mine.silence, mine.tick, mine.counting, mine.told
        own = *counts, mine.begun, mine.settling, mine.epoch
        found = self.server.get([*keys, *own])
        note, tick, counting, told, begun, settling, epoch = (
            found.pop(key, None) for key in own
        )
        if epoch is None or begun != epoch:
            return Reading(found, False, self._begin())
        number = self.silence.saw(tick)
        silent = self.silence.begun(note, number)
        if silent is None and settling is None and len(found) < len(keys):
            telling = self.silence.unheard(number, counting, told)
            if telling:
                self.server.write(telling)
                silent = number
        return Reading(found, settling is None, epoch.decode(), number, silent)

    def doubts(self, reading: Reading) -> bool:
        """Return whether there is a reason for doubt at all."""
        return reading.silent is not None or self.doubting.now is not None

    def doubtful(
        self, reading: Reading, uuids: Sequence[str]
    ) -> Mapping[str, liveness.Doubt | str]:
        """Return why services without a key may live, by uuid.

        One request, where there is a reason at all.

        :param reading: one that is complete
        :param uuids: of services without a key in it
        """
        began = reading.silent
        why: liveness.Doubt | str | None = SILENT
        if began is None:
            why = self.doubting.now
            began = self.silence.earliest(reading.tick)
        if why is None or not uuids:
            return {}
        by_key = {self._keys.trace(uuid): uuid for uuid in uuids}
        traces = {
            by_key[key]: value
            for key, value in self.server.get(list(by_key)).items()
        }
        kept_silent = self.silence.kept_silent(traces, began)
        return dict.fromkeys(kept_silent, why)

    def gets(
        self, keys: Sequence[str]
    ) -> tuple[dict[str, tuple[bytes, bytes]], tuple[bytes, bytes] | None]:
        """Read keys with their tokens, for a member that writes them next.

        It does not matter there why a key is missing; but a server that
        lost its memory is noticed, so that readers learn of it from the epoch.

        :returns: the values, and the tick
        """
        found = self.server.gets([*keys, self._keys.tick, self._keys.epoch])
        if found.pop(self._keys.epoch, None) is None:
            self._begin()
        return found, found.pop(self._keys.tick, None)

    def _begin(self) -> str:
        """Give a server a new epoch, or finish what another began.

        If several processes do that at once, all get the same epoch.
        """
        mine = uuid.uuid4().hex.encode()
        if self.server.add([(self._keys.epoch, mine)])[0]:
            LOG.warning(
                'memcached %(server)s knows nothing of this deployment: it '
                'is new, or was restarted or flushed. For %(seconds)d s a '
                'missing heartbeat there does not mean that a service is '
                'down.',
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
        self.server.add([(self._keys.settling, _WHY)], self._settling_time)
        self.server.set({self._keys.begun: epoch}, 0)
        return epoch.decode()
