# SPDX-License-Identifier: Apache-2.0

"""Scenarios that watch the states of computes while something is wrong."""

from collections.abc import Iterator
import contextlib
import threading

from nova_sg.tests.nova_deployment import processes
from nova_sg.tests.nova_deployment import scenario

#: Seconds by which a verdict may be late: whole seconds of MariaDB, and what
#: a request takes.
LATE = 5.0


class Watched(scenario.Scenario):
    """A scenario in which the API may be unable to answer for a while.

    :cvar down_time: seconds without a beat until a service is down
    """

    down_time: int

    def all_up(self, *hosts: str) -> None:
        """Wait until computes are up."""
        for host in hosts:
            self.wait(host, 'up')
        print(f'{", ".join(hosts)}: up')

    def goes_down(self, host: str) -> None:
        """Wait until a compute that was killed is down.

        :raises processes.Failed: that takes longer than the down time
        """
        took = self.wait(host, 'down')
        print(f'{host} is down after {took:.1f} s')
        if took > self.down_time + LATE:
            raise processes.Failed('that is more than the service down time')

    def stops(self, host: str) -> None:
        """Stop a compute, and see that it is down at once.

        :raises processes.Failed: it is not
        """
        self.stop(scenario.COMPUTE, host)
        took = self.wait(host, 'down')
        print(f'{host} was stopped, and is down after {took:.1f} s')
        if took > LATE:
            raise processes.Failed('that is not at once')

    def wait(self, host: str, state: str) -> float:
        """Wait until a compute is in a state; returns the seconds it took."""
        return processes.wait_until(
            f'nova-compute on {host} is {state}',
            lambda: self.told().get(host) == state,
            self.running,
        )

    def told(self) -> dict[str, str]:
        """Return the states of computes; none where the API cannot tell."""
        try:
            found = self.states()
        except (processes.Failed, OSError):
            return {}
        return {host: each.state for host, each in found.items()}

    @contextlib.contextmanager
    def nobody_down(self, *hosts: str) -> Iterator[None]:
        """Ask all the time, and see to it that no host is ever down.

        :raises processes.Failed: one was
        """
        seen: set[str] = set()
        ended = threading.Event()
        answers = 0

        def watch() -> None:
            nonlocal answers
            while not ended.wait(0.5):
                states = self.told()
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
            raise processes.Failed('no host should be down')
