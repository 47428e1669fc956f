# SPDX-License-Identifier: Apache-2.0

"""Grouped heartbeats while clocks are wrong and servers fail.

Two conductors, and computes of each kind: with grouped heartbeats, with
nova's, and without nova_sg.
"""

import argparse
from collections.abc import Iterator
import contextlib
import sys
import threading
import time

from nova_sg.tests.nova_deployment import configuration
from nova_sg.tests.nova_deployment import deployment
from nova_sg.tests.nova_deployment import processes
from nova_sg.tests.nova_deployment import scenario

#: nova's defaults: a broker that is away for half of the down time makes
#: nobody down.
_REPORT_INTERVAL = 10
_SERVICE_DOWN_TIME = 60

#: Seconds for which the broker is away.
_OUTAGE = 30

#: Seconds by which a verdict may be late: whole seconds of MariaDB, and what
#: a request takes.
_LATE = 5.0

_CONTROLLERS = ('controller1', 'controller2')

_AN_HOUR = 3600


def main() -> int:
    """Run it, and return the exit code of the process."""
    parser = argparse.ArgumentParser()
    parser.add_argument('plain', help='the environment of nova alone')
    return Faults(parser.parse_args().plain).main()


class Faults(scenario.Scenario):
    """A nova with grouped heartbeats that meets one fault after the other.

    :param plain: the environment of nova alone
    """

    def __init__(self, plain: str) -> None:
        super().__init__(
            deployment.Deployment(
                'db', _REPORT_INTERVAL, _SERVICE_DOWN_TIME, beats='grouped'
            )
        )
        self._way = deployment.Way(on=True)
        self._plain = deployment.Way(on=False, prefix=plain)

    def run(self) -> None:
        self._wrong_clocks()
        self._start()
        for name in _CONTROLLERS:
            self._kill_conductor(name)
        self._stop_broker()
        self._restart_database()
        self._crash()

    def _wrong_clocks(self) -> None:
        processes.say("The hosts' clocks are wrong by an hour")
        self.start(
            self._way, 'nova-conductor', 'controller1', **_clock(-_AN_HOUR)
        )
        self.start(self._way, 'nova-compute', 'early', **_clock(_AN_HOUR))
        self.start(self._way, 'nova-compute', 'late', **_clock(-_AN_HOUR))
        self.start_api(self._way, **_clock(_AN_HOUR))
        self._all_up('early', 'late')
        with self._nobody_down('early', 'late'):
            time.sleep(2 * _REPORT_INTERVAL)
        self.kill('nova-compute', 'early')
        self._goes_down('early')
        for name in list(self._running):
            self._running.pop(name).kill()

    def _start(self) -> None:
        processes.say('Computes of each kind, two conductors and the API')
        for name in _CONTROLLERS:
            self.start(self._way, 'nova-conductor', name)
        self.start(self._way, 'nova-compute', 'grouped1')
        self.start(self._way, 'nova-compute', 'grouped2')
        self.start(
            self._way, 'nova-compute', 'novas', OS_SERVICEGROUP__BEATS='nova'
        )
        self.start(self._plain, 'nova-compute', 'stock')
        self.start_api(self._way)
        self._all_up('grouped1', 'grouped2', 'novas', 'stock')

    def _kill_conductor(self, host: str) -> None:
        processes.say(f'The conductor of {host} is killed')
        with self._nobody_down('grouped1', 'grouped2'):
            self.kill('nova-conductor', host)
            time.sleep(_SERVICE_DOWN_TIME + _REPORT_INTERVAL)
            self.start(self._way, 'nova-conductor', host)
        self._all_up('grouped1', 'grouped2', 'novas', 'stock')

    def _stop_broker(self) -> None:
        processes.say(f'The broker is killed, for {_OUTAGE} s')
        with self._nobody_down('grouped1', 'grouped2'):
            self.deployment.messaging.kill()
            time.sleep(_OUTAGE)
            self.deployment.messaging.start()
            time.sleep(_SERVICE_DOWN_TIME)

    def _restart_database(self) -> None:
        processes.say('The database is restarted')
        with self._nobody_down('grouped1', 'grouped2'):
            self.deployment.database.restart()
            time.sleep(2 * _REPORT_INTERVAL)
        self._all_up('grouped1', 'grouped2', 'novas', 'stock')

    def _crash(self) -> None:
        processes.say('One compute of each kind is killed, one is stopped')
        self.stop('nova-compute', 'grouped2')
        took = self._wait('grouped2', 'down')
        print(f'the one that was stopped is down after {took:.1f} s')
        if took > _LATE:
            raise processes.Failed('that is not at once')
        for host in ('grouped1', 'novas', 'stock'):
            self.kill('nova-compute', host)
        for host in ('grouped1', 'novas', 'stock'):
            self._goes_down(host)

    def _all_up(self, *hosts: str) -> None:
        for host in hosts:
            self._wait(host, 'up')
        print(f'{", ".join(hosts)}: up')

    def _goes_down(self, host: str) -> None:
        took = self._wait(host, 'down')
        print(f'{host} is down after {took:.1f} s')
        if took > _SERVICE_DOWN_TIME + _LATE:
            raise processes.Failed('that is more than the service down time')

    def _wait(self, host: str, state: str) -> float:
        return processes.wait_until(
            f'nova-compute on {host} is {state}',
            lambda: self._told().get(host) == state,
            self.running,
        )

    def _told(self) -> dict[str, str]:
        """Return the states of computes; none where the API cannot tell."""
        try:
            found = self.states()
        except (processes.Failed, OSError):
            return {}
        return {host: each.state for host, each in found.items()}

    @contextlib.contextmanager
    def _nobody_down(self, *hosts: str) -> Iterator[None]:
        """Ask all the time, and see to it that no host is ever down.

        :raises processes.Failed: one was
        """
        seen: set[str] = set()
        ended = threading.Event()
        answers = 0

        def watch() -> None:
            nonlocal answers
            while not ended.wait(0.5):
                states = self._told()
                answers += bool(states)
                seen.update(h for h in hosts if states.get(h) == 'down')

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
        print(f'{answers} answers, down: {sorted(seen) or "none"}')
        if seen or not answers:
            raise processes.Failed('nobody should be down')


def _clock(seconds: int) -> dict[str, str]:
    """Return the environment of a process whose host's clock is off."""
    return {
        'NOVA_SG_TEST_CLOCK': str(seconds),
        'PYTHONPATH': str(configuration.VIRT),
    }


if __name__ == '__main__':
    sys.exit(main())
