# SPDX-License-Identifier: Apache-2.0

"""Lists that are kept as they were rendered, where mirrors are the source.

A mirror replaces what has changed, and nothing else. So what was rendered of
records and members that are the same objects still holds. Only the parts of
twenty services in which one has changed are rendered again::

    t=0   a list of 10,000: 500 parts are made and rendered
    t=1   the list again: the records and the members are the same objects
          as before, and so is the answer, and its tag
    t=2   an operator disables a service
    t=3   the list again: one part is made and rendered, and 499 are not
    t=10  the lease has vouched for all members again: the new time is put
          into the bytes of each part, where it was left open

A state that is in doubt is not kept: meanwhile lists are made as those of any
driver are.
"""

from collections.abc import Callable
from collections.abc import Hashable
from collections.abc import Sequence
import datetime
import hashlib
import secrets
from typing import NamedTuple

from nova_sg import sequences
from nova_sg import times
from nova_sg.inventory import base as inventory_base
from nova_sg.servicegroup import listed
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import member
from nova_sg.servicegroup import record
from nova_sg.servicegroup import view as sg_view
from nova_sg.servicegroup.leased import living as sg_living

#: Services of a part. A change renders so many, and a list looks at each part.
PART = 20

#: Forms of a part that are kept: one for each kind of microversions.
FORMS = 4

#: Stands where the time is to be put at which the lease was last vouched for.
#: Random, so that no operator writes it into a reason.
_SEEN = secrets.token_hex(13)
_MARK = _SEEN.encode()

Render = Callable[[Sequence[listed.Listed]], bytes]
Workers = Sequence[tuple[liveness.Member, ...] | None]
Vouched = tuple[datetime.datetime, float]

_DOWN = liveness.Liveness(False, None, 0.0)


class Part:
    """Some services that follow each other in a list.

    :param records: of the services
    :param workers: of each the living ones; None without any
    :param vouched: when these were vouched for; see ``Living.vouched``
    :param zoning: tells the zones of the services
    :ivar young: some have changed since then, so that the next time at which
        they are vouched for is another answer
    :ivar not_up: the uuids of those that are down
    """

    def __init__(
        self,
        records: Sequence[record.Record],
        workers: Workers,
        vouched: Vouched,
        zoning: inventory_base.Zoning,
    ) -> None:
        self.records = records
        self.workers = workers
        self.young = False
        self.not_up: list[str] = []
        self._services = [
            self._listed(each, living, vouched, zoning)
            for each, living in zip(records, workers, strict=True)
        ]
        self._forms: dict[Hashable, tuple[bytes, bytes]] = {}

    def _listed(
        self,
        shown: record.Record,
        workers: tuple[liveness.Member, ...] | None,
        vouched: Vouched,
        zoning: inventory_base.Zoning,
    ) -> listed.Listed:
        zone = zoning(shown.host, shown.topic)
        if workers is None:
            self.not_up.append(shown.uuid)
            return listed.of(shown, _DOWN, zone)
        last_seen = sg_living.last_seen(workers, *vouched)
        verdict = _DOWN._replace(up=True, last_seen=last_seen)
        made = listed.of(shown, verdict, zone)
        if last_seen is None:
            return made
        changed_at = member.latest(
            shown.created_at, shown.updated_at, last_seen
        )
        if changed_at == vouched[0]:
            return made._replace(changed_at=_SEEN)
        self.young = True
        return made

    def form(self, render: Render, key: Hashable) -> tuple[bytes, bytes]:
        """Return this part as it is rendered, and a digest of that.

        The time of those that were vouched for is left open.

        :param key: of what ``render`` makes
        """
        form = self._forms.get(key)
        if form is None:
            made = render(self._services)
            # Another process has another mark.
            digest = hashlib.blake2b(
                made.replace(_MARK, b''), digest_size=16
            ).digest()
            form = made, digest
            forms = dict(list(self._forms.items())[1 - FORMS :])
            self._forms = {**forms, key: form}
        return form


class _List(NamedTuple):
    """A list of all services of a cell at one moment."""

    view: sg_view.View
    now: liveness.Members
    vouched: Vouched
    zoning: inventory_base.Zoning
    parts: Sequence[Part]
    tags: dict[Hashable, str]

    @property
    def seen(self) -> str:
        return times.text(self.vouched[0]) or ''

    def tag(self, render: Render, key: Hashable) -> str:
        """Return what changes whenever an answer does.

        The same in all processes that show the same.
        """
        found = self.tags.get(key)
        if found is None:
            digest = hashlib.blake2b(self.seen.encode(), digest_size=16)
            for each in self.parts:
                digest.update(each.form(render, key)[1])
            found = self.tags[key] = digest.hexdigest()
        return found


class Lists:
    """The lists of the services of cells, as they were rendered last."""

    def __init__(self) -> None:
        self._latest: dict[str | None, _List] = {}

    def of(
        self,
        cell: str | None,
        view: sg_view.View,
        living: sg_living.Living,
        zoning: inventory_base.Zoning,
        judge: liveness.Judge,
    ) -> Callable[[Render, Hashable], listed.Rendered[bytes]] | None:
        """Return what renders a list, None where a state is in doubt.

        :param cell: the uuid of the cell; None for this process's
        :param view: its records
        :param living: the members of all services
        :param zoning: tells their zones
        :param judge: is told of the services
        """
        if living.before or living.doubtful:
            return None
        found = _renewed(self._latest.get(cell), view, living, zoning)
        if not _stands(found, living, judge):
            return None
        self._latest[cell] = found

        def rendered(render: Render, key: Hashable) -> listed.Rendered[bytes]:
            seen = found.seen.encode()
            return listed.Rendered(
                lambda: [
                    each.form(render, key)[0].replace(_MARK, seen)
                    for each in found.parts
                ],
                found.tag(render, key),
            )

        return rendered


def _renewed(
    last: _List | None,
    view: sg_view.View,
    living: sg_living.Living,
    zoning: inventory_base.Zoning,
) -> _List:
    """Return a list with the parts of the last one that still hold."""
    vouched = living.vouched
    parts: Sequence[Part] = ()
    if last is not None and last.zoning == zoning:
        parts = last.parts
        if last.vouched != vouched:
            forward = vouched > last.vouched
            parts = [each for each in parts if forward and not each.young]
        elif last.view is view and last.now is living.now:
            return last
    there = {each.records[0].id: each for each in parts}
    same_members = last is not None and last.now is living.now
    workers_of = living.now.get
    made = []
    for records in sequences.batched(view.all, PART):
        part = there.get(records[0].id)
        # What is the same object is not compared further.
        if part is not None and part.records != records:
            part = None
        if part is None or not same_members:
            workers = [workers_of(each.uuid) for each in records]
            if part is None or part.workers != workers:
                part = Part(records, workers, vouched, zoning)
        made.append(part)
    return _List(view, living.now, vouched, zoning, made, {})


def _stands(
    found: _List, living: sg_living.Living, judge: liveness.Judge
) -> bool:
    """Tell what is known of the services; whether it stands as it is."""
    known_at = living.known_at
    services = found.view.by_uuid
    verdicts = {
        uuid: liveness.Liveness(False, None, known_at)
        for each in found.parts
        for uuid in each.not_up
    }
    for uuid in judge.unsure():
        verdict = living.verdict(uuid)
        if verdict is not None and uuid in services:
            verdicts[uuid] = verdict
    stand = judge.learn(verdicts)
    if any(stand[uuid].state != v.state for uuid, v in verdicts.items()):
        return False
    judge.listed(
        liveness.AllBut(
            services.keys(), verdicts, known_at, None, len(services)
        ),
        {},
    )
    return True
