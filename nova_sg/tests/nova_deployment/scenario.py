# SPDX-License-Identifier: Apache-2.0

"""What every scenario of a small nova does.

It starts processes, stops and kills them, and waits until the compute API
says of their services what it should::

    class Disable(scenario.Scenario):
        def run(self) -> None:
            self.start_control(way, 'compute1')
            self.wait_for({'compute1': scenario.UP})

    sys.exit(Disable(deployment.Deployment('zk')).main())
"""

from collections.abc import Mapping
import sys

from nova_sg.tests.nova_deployment import deployment
from nova_sg.tests.nova_deployment import processes
from nova_sg.tests.nova_deployment import ways

#: The host of the control plane.
CONTROLLER = 'controller'

#: The services of the control plane, beside the API.
CONTROL = ('nova-conductor', 'nova-scheduler')

COMPUTE = 'nova-compute'

UP = deployment.State('enabled', 'up')
DOWN = deployment.State('enabled', 'down')
DISABLED = deployment.State('disabled', 'up')
DISABLED_DOWN = deployment.State('disabled', 'down')

States = Mapping[str, deployment.State]


class Scenario:
    """A deployment, and the processes of nova that run in it.

    :param made: the deployment; :meth:`main` starts and ends it
    """

    def __init__(self, made: deployment.Deployment) -> None:
        self.deployment = made
        self._running: dict[str, processes.Process] = {}

    @property
    def running(self) -> list[processes.Process]:
        """The processes that have to live now."""
        return list(self._running.values())

    def run(self) -> None:
        """Go through all steps.

        :raises processes.Failed: something is not as it should be
        """
        raise NotImplementedError

    def main(self) -> int:
        """Run the scenario, and return the exit code of the process."""
        # A pipe would keep the steps back until the end.
        sys.stdout.reconfigure(  # type: ignore[union-attr]
            line_buffering=True
        )
        try:
            processes.say('RabbitMQ, MariaDB, placement and the backend start')
            with self.deployment:
                self.run()
        except processes.ERRORS as error:
            print(f'\nerror: {error}', file=sys.stderr)
            return 1
        print('\nAll of it as it should be.')
        return 0

    def start(
        self, way: ways.Way, name: str, host: str, **variables: str
    ) -> processes.Process:
        """Start a service of nova, which has to live from now on.

        :param variables: more of its environment
        """
        process = self.deployment.start(way, name, host, **variables)
        self._running[process.name] = process
        return process

    def start_api(self, way: ways.Way, **variables: str) -> processes.Process:
        """Start the compute API, and wait until it answers.

        :param variables: more of its environment
        """
        process = self.deployment.start_api(way, **variables)
        self._running[process.name] = process
        return process

    def start_control(self, way: ways.Way, *computes: str) -> None:
        """Start the control plane, and wait until it is up.

        :param computes: hosts of computes to start meanwhile
        """
        for name in CONTROL:
            self.start(way, name, CONTROLLER)
        self.start_computes(way, *computes)
        self.start_api(way)
        for name in CONTROL:
            self.wait_for({CONTROLLER: UP}, name)

    def start_computes(self, way: ways.Way, *hosts: str) -> None:
        """Start a compute on each host, and do not wait for them."""
        for host in hosts:
            self.start(way, COMPUTE, host)

    def stop(self, name: str, host: str) -> None:
        """Stop a process in good order, as init would.

        :raises processes.Failed: it does not exit with 0
        """
        process = self._running.pop(f'{name}-{host}')
        if code := process.stop():
            raise processes.Failed(
                f'{process.name} exited with {code}:\n{process.log[-2000:]}'
            )

    def stop_control(self) -> None:
        """Stop the control plane, the API first."""
        for name in ('nova-api', *reversed(CONTROL)):
            self.stop(name, CONTROLLER)

    def kill(self, name: str, host: str) -> None:
        """Kill a process; it need not live any more."""
        self._running.pop(f'{name}-{host}').kill()

    def process(self, name: str, host: str) -> processes.Process:
        """Return one of the processes that have to live."""
        return self._running[f'{name}-{host}']

    def states(self, binary: str = COMPUTE) -> dict[str, deployment.State]:
        """Return what the API says of the services of a binary, by host."""
        return {
            host: state
            for (host, each), state in self.deployment.services().items()
            if each == binary
        }

    def are(self, wanted: States, binary: str = COMPUTE) -> bool:
        """Say whether services are in these states, by host."""
        states = self.states(binary)
        return all(states.get(host) == wanted[host] for host in wanted)

    def wait_for(self, wanted: States, binary: str = COMPUTE) -> float:
        """Wait until services are in these states, by host.

        :returns: the seconds it took
        :raises processes.Failed: they are not, or a process has ended
        """
        return processes.wait_until(
            f'{binary}: {dict(wanted)}',
            lambda: self.are(wanted, binary),
            self.running,
        )

    def expect(self, wanted: States) -> None:
        """Make sure that computes are in these states now.

        :raises processes.Failed: one is not
        """
        if not self.are(wanted):
            raise processes.Failed(
                f'{dict(wanted)} expected, but the API says {self.states()}'
            )

    def set(self, verb: str, host: str, *more: str) -> None:
        """Decide over a compute with the openstack client.

        :param verb: enable, disable, up or down
        :param more: further arguments, --disable-reason for instance
        """
        self.deployment.openstack(
            *('compute', 'service', 'set', f'--{verb}', *more, host, COMPUTE)
        )

    def show(self) -> None:
        """Print the list of services as an operator sees it."""
        print('\n$ openstack compute service list')
        print(self.deployment.openstack('compute', 'service', 'list'), end='')
