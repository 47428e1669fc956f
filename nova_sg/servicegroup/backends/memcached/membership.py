# SPDX-License-Identifier: Apache-2.0

"""Liveness by keys which memcached lets expire."""

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import functools
import time

from oslo_config import cfg

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import marker
from nova_sg.servicegroup import reasons
from nova_sg.servicegroup.backends.memcached import cluster as cluster_
from nova_sg.servicegroup.backends.memcached import epoch
from nova_sg.servicegroup.backends.memcached import last
from nova_sg.servicegroup.backends.memcached import marker as memcached_marker
from nova_sg.servicegroup.backends.memcached import members
from nova_sg.servicegroup.backends.memcached import presence
from nova_sg.servicegroup.backends.memcached import server as server_
from nova_sg.servicegroup.records import known

Context = sg_context.RequestContext

#: Why a key that is missing says nothing.
SETTLING = (
    'memcached lost its memory, and services may not have beaten again yet'
)


class MemcachedMembership(members.Members):
    """A key per service, written by its workers, aged by its server.

    Its TTL is the service down time, rounded up by the second that memcached
    may be early.

    :param conf: a loaded configuration
    :param records: knows which services there are
    :ivar heard: whether a server has answered this process
    :ivar longest_doubt: seconds by which a crash shows later, at most
    """

    def __init__(
        self, conf: cfg.ConfigOpts, records: known.KnownRecords
    ) -> None:
        super().__init__(conf, records)
        self._marker_store = memcached_marker.MemcachedMarkerStore(
            self._cluster
        )
        self.heard = False
        self.longest_doubt = epoch.longest_doubt(conf)

    @property
    def marker_store(self) -> marker.MarkerStore:
        return self._marker_store

    def alive(
        self, context: Context, uuids: Iterable[str]
    ) -> dict[str, liveness.Liveness]:
        """See the base class and :meth:`verdicts`.

        A key that is missing is of a service that is down, or of none: then
        the records are asked too, once.
        """
        verdicts = self.verdicts(uuids)
        missing = self._records.missing(
            context,
            [
                uuid
                for uuid, verdict in verdicts.items()
                if not (verdict.up or verdict.unknown)
            ],
        )
        for uuid in missing:
            del verdicts[uuid]
        return verdicts

    def verdicts(self, uuids: Iterable[str]) -> dict[str, liveness.Liveness]:
        """Return the verdicts about services which have a record.

        One request for each server. Verdicts of a server that cannot be asked
        are unknown, and so are those about keys which it lacks because it
        lost its memory, or because no member could beat: then a service is
        presumed up until its members had the time to beat again.

        :raises ServiceGroupUnavailable: none of the servers can be asked
        """
        placed = self._cluster.placed(uuids, self._cluster.keys.member)
        if not placed:
            placed.update((server, {}) for server in self._cluster.servers)
        known_at = time.monotonic()
        answers, errors = self._ask_each(placed, known_at)
        if errors and not answers:
            # Those are asked, too, which have none of the services: it is
            # the backend that is unreachable, or a part of it.
            rest: dict[server_.Server, cluster_.KeysOf] = {
                each: {}
                for each in self._cluster.servers
                if each not in errors
            }
            if not rest or not self._ask_each(rest, known_at)[0]:
                raise next(iter(errors.values()))
        self.heard = True
        found: dict[str, liveness.Liveness] = {}
        for server, keys in placed.items():
            if server in answers:
                found.update(answers[server])
            else:
                unknown = liveness.Liveness(
                    False, None, known_at, unknown=str(errors[server])
                )
                found.update(dict.fromkeys(keys, unknown))
        return found

    def _ask_each(
        self,
        placed: Mapping[server_.Server, cluster_.KeysOf],
        known_at: float,
    ) -> tuple[
        Mapping[server_.Server, dict[str, liveness.Liveness]],
        Mapping[server_.Server, exception.ServiceGroupUnavailable],
    ]:
        """Ask servers at once.

        :param placed: the keys of services, by uuid, by server
        :returns: the answers, and the errors of the others
        """
        return self._cluster.ask(
            {
                server: functools.partial(
                    _ask, self._cluster.memory(server), keys, known_at
                )
                for server, keys in placed.items()
            }
        )

    def departures(
        self, context: Context, uuids: Sequence[str]
    ) -> Mapping[str, reasons.Departure]:
        """See the base class; one request for each server."""
        placed = self._cluster.placed(uuids, self._cluster.keys.last)
        answers = self._cluster.ask_any(
            {
                server: functools.partial(server.get, list(keys.values()))
                for server, keys in placed.items()
            }
        )
        found: dict[str, reasons.Departure] = {}
        for server, values in answers.items():
            found |= last.departures(values, placed[server])
        return found


def _ask(
    memory: epoch.ServerMemory, keys: Mapping[str, str], known_at: float
) -> dict[str, liveness.Liveness]:
    """Return the verdicts about services of one server.

    One request; one more where not all members may have had the time to beat
    after they could not.

    :param keys: the keys of the services, by uuid
    """
    reading = memory.read(list(keys.values()))
    there = reading.values
    told = presence.verdicts(there, known_at)
    if list(there) == list(keys.values()):
        # None is missing, and they are in order: nothing is to be looked for.
        return dict(zip(keys, told, strict=True))
    missing = liveness.Liveness(
        not reading.complete,
        None,
        known_at,
        unknown=None if reading.complete else SETTLING,
    )
    by_key = dict(zip(there, told, strict=True))
    found = {uuid: by_key.get(key, missing) for uuid, key in keys.items()}
    if reading.complete and memory.doubts(reading):
        silent = [uuid for uuid, key in keys.items() if key not in there]
        for uuid, why in memory.doubtful(reading, silent).items():
            found[uuid] = liveness.Liveness(True, None, known_at, unknown=why)
    return found
