# SPDX-License-Identifier: Apache-2.0

"""Promises of a record store: what happened under faults has an order.

Several processes decide and read at random, while their connections break,
answers are lost, requests come late, and processes stop and are killed. What
each of them did and saw is checked afterwards, for each service by itself: no
acknowledged change is lost, none is made twice, none that was refused is
made, and reads are as fresh and in such order as is declared.

``NOVA_SG_SEED`` names the seed of a history, to try it again;
``NOVA_SG_LONG_TESTS=1`` goes on for twenty minutes.
"""

from collections.abc import Callable
from collections.abc import Sequence
import contextlib
import os
import random
import signal
import time

import fixtures
from testtools import content

from nova_sg.servicegroup.testing import actions
from nova_sg.servicegroup.testing import base
from nova_sg.servicegroup.testing import deployment
from nova_sg.servicegroup.testing import exchanges
from nova_sg.servicegroup.testing import linearize
from nova_sg.servicegroup.testing import link as link_
from nova_sg.servicegroup.testing import operators
from nova_sg.servicegroup.testing import processes

PROCESSES = 3

LONG = os.environ.get('NOVA_SG_LONG_TESTS') == '1'

#: Seconds of one history, and of all of them.
SECONDS = 6.0 if LONG else 3.0
IN_ALL = 1200.0 if LONG else SECONDS

#: Seconds between two faults, from and to, and for how long one lasts.
PAUSES = (0.1, 0.3)
LASTS = 0.3


class Operator:
    """A process that decides, and its way to the backend.

    :param test: the test
    :param name: of the first process; those which follow a killed one count
        on
    """

    def __init__(self, test: base.ConformanceTest, name: str) -> None:
        self._test = test
        self._name = name
        self._started = 0
        self.link: link_.Link | None = None
        kind = type(test.deployment)
        if kind.proxied is not deployment.Deployment.proxied:
            self.link = test.deployment.proxied()
        self._directory = test.useFixture(fixtures.TempDir()).path
        self.logs: dict[str, str] = {}

    def prepare(self) -> None:
        """Start a process, and see that it is connected."""
        self._worker: processes.Worker = self._test.worker(self.link)
        self._test.recovered(self._worker.call, actions.warm_up)

    def start(self, seed: int, start: float, end: float) -> None:
        """Let the process operate until the end."""
        self._started += 1
        name = f'{self._name}{self._started}'
        self.logs[name] = os.path.join(self._directory, name)
        self._work = seed, start, end
        self._result = self._worker.start(
            operators.operate, self.logs[name], name, seed, start, end
        )

    def kill(self) -> None:
        """Kill the process; another one goes on."""
        self._worker.signal(signal.SIGKILL)
        self._worker = self._test.worker(self.link)
        self.start(*self._work)

    def stop(self) -> None:
        self._worker.signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._worker.signal(signal.SIGCONT)

    def finish(self) -> None:
        """Wait until the process has made its last call.

        :raises Exception: what a call raised that no call may raise
        """
        self._result()

    def history(self) -> dict[str, list[linearize.Operation]]:
        """Return what was done and seen, by host, and begin anew."""
        found: dict[str, list[linearize.Operation]] = {}
        for name, path in self.logs.items():
            # A process that was killed early may not have written any.
            with contextlib.suppress(FileNotFoundError), open(path) as lines:
                for host, operation in operators.history(name, lines):
                    found.setdefault(host, []).append(operation)
        self.logs = {}
        return found


class Faults:
    """What happens to operators, by chance."""

    def __init__(
        self,
        chance: random.Random,
        crew: Sequence[Operator],
        more: Sequence[Callable[[], object]],
    ) -> None:
        self._chance = chance
        self._crew = crew
        self._more = more

    def happen(self) -> None:
        """Let one fault happen, and end it."""
        hit = self._chance.choice(self._crew)
        faults: list[Callable[[], object]] = [
            hit.kill,
            lambda: self._lasting(hit.stop, hit.go_on),
            *self._more,
        ]
        link = hit.link
        if link is not None:
            withhold = exchanges.at_random(self._chance.getrandbits(32), 0.3)
            hold = exchanges.at_random(self._chance.getrandbits(32), 0.3)
            every = self._chance.choice([0.05, 0.1])
            faults += [
                *[
                    lambda: self._lasting(
                        lambda: link.withhold(withhold), link.deliver
                    )
                ]
                * 6,
                lambda: self._lasting(lambda: link.hold(hold), link.release),
                lambda: self._lasting(
                    lambda: link.reset_every(every),
                    lambda: link.reset_every(0),
                ),
                lambda: self._lasting(link.refuse, link.listen),
                lambda: self._lasting(link.cut, link.heal),
                link.reset,
            ]
        self._chance.choice(faults)()

    def _lasting(
        self, begin: Callable[[], object], end: Callable[[], object]
    ) -> None:
        begin()
        time.sleep(LASTS)
        end()


class HistoryTests(base.ConformanceTest):
    """Decisions of several processes under faults have an order.

    :cvar seconds: how long one history is
    """

    timeout = 3 * int(IN_ALL) + 90
    seconds = SECONDS

    def test_decisions_under_faults_have_an_order(self) -> None:
        # It marks, before there are faults.
        self.register('first')
        crew = [Operator(self, f'p{n}-') for n in range(PROCESSES)]
        for each in crew:
            each.prepare()
        self.decided = self.undecided = 0
        over = time.monotonic() + IN_ALL
        given = os.environ.get('NOVA_SG_SEED')
        seed = int(given) if given else random.SystemRandom().getrandbits(32)
        while True:
            self.addDetail('seed', content.text_content(f'{seed}'))
            self.one_history(seed, crew)
            self.addDetail('checked', content.text_content(self.checked))
            if given or time.monotonic() > over:
                break
            seed += 1
        # What could not be checked has shown nothing.
        self.assertLess(self.undecided, max(self.decided, 1), self.checked)

    @property
    def checked(self) -> str:
        """How many histories of a service were checked, in words."""
        return f'{self.decided} checked, {self.undecided} too long to check'

    def one_history(self, seed: int, crew: Sequence[Operator]) -> None:
        """Let processes decide under faults, and check what came of it."""
        chance = random.Random(seed)
        start = time.monotonic()
        end = start + self.seconds
        for number, each in enumerate(crew):
            each.start(seed + number, start, end)
        faults = Faults(chance, crew, self.deployment.disturbances())
        while time.monotonic() < end - PAUSES[1]:
            faults.happen()
            time.sleep(chance.uniform(*PAUSES))
        for each in crew:
            each.finish()
        self.check(crew)

    def check(self, crew: Sequence[Operator]) -> None:
        histories: dict[str, list[linearize.Operation]] = {}
        for each in crew:
            for host, operations in each.history().items():
                histories.setdefault(host, []).extend(operations)
        begun = time.monotonic()
        last = self.recovered(self.new_api().driver.records.list, self.context)
        ended = time.monotonic()
        hosts = [each.host for each in last]
        self.assertEqual(len(hosts), len(set(hosts)), 'one was made twice')
        states = {each.host: operators.state_of(each) for each in last}
        for host, operations in histories.items():
            operations.append(
                linearize.Operation(
                    'last',
                    'read',
                    None,
                    (),
                    begun,
                    ended,
                    linearize.DONE,
                    states.get(host),
                )
            )
            if not self.has_order(operations):
                self.fail(_told(host, operations))
        for service in last:
            if service.host in histories:
                self.records.destroy(self.context, service.uuid)

    def has_order(self, operations: Sequence[linearize.Operation]) -> bool:
        declared = self.characteristics
        try:
            ordered = linearize.is_linearizable(
                operations,
                staleness=0.0 if declared.linearizable else declared.staleness,
                in_order=declared.linearizable or declared.monotonic_reads,
            )
        except linearize.Undecided:
            self.undecided += 1
            return True
        self.decided += 1
        return ordered


def _told(host: str, operations: Sequence[linearize.Operation]) -> str:
    """Return a history in lines, in the order in which calls began."""
    first = min(each.begun for each in operations)
    return '\n'.join(
        [
            f'What happened to {host} has no order:',
            *(
                f'{each.begun - first:7.3f} {each.ended - first:7.3f} '
                f'{each.process:8} {each.kind:8} {(each.uuid or "")[:8]:8} '
                f'{dict(each.values)} {each.answer} {each.seen or ""}'
                for each in sorted(operations, key=lambda each: each.begun)
            ),
        ]
    )
