# SPDX-License-Identifier: Apache-2.0

"""A rolling upgrade: processes with and without nova_sg serve each other.

The unpatched ones come from an environment of nova alone. The driver is
``db``: both write the same table.
"""

import argparse
import sys

from nova_sg.tests.nova_deployment import deployment
from nova_sg.tests.nova_deployment import processes

_REPORT_INTERVAL = 1
_SERVICE_DOWN_TIME = 6

#: Beats after which a compute is taken to go on beating.
_BEATS = 3


def main() -> int:
    """Run both halves, and return the exit code of the process."""
    parser = argparse.ArgumentParser()
    parser.add_argument('plain', help='the environment of nova alone')
    plain = deployment.Way(on=False, prefix=parser.parse_args().plain)
    patched = deployment.Way(on=True)
    upgrade = Upgrade()
    try:
        processes.say('RabbitMQ, MariaDB, and placement start')
        with upgrade.deployment:
            processes.say('Without nova_sg: the conductor; with: a compute')
            upgrade.meet(plain, patched, 'patched')
            processes.say('With nova_sg: the conductor; without: a compute')
            upgrade.meet(patched, plain, 'unpatched')
            processes.say(
                'The API has nova_sg, the computes are of both kinds'
            )
            upgrade.list(patched)
    except processes.ERRORS as error:
        print(f'\nerror: {error}', file=sys.stderr)
        return 1
    print('\nAll of it as it should be.')
    return 0


class Upgrade:
    """A nova whose conductor is upgraded while computes run."""

    def __init__(self) -> None:
        self.deployment = deployment.Deployment(
            'db', _REPORT_INTERVAL, _SERVICE_DOWN_TIME
        )
        self._conductor: processes.Process | None = None
        self._computes: dict[str, processes.Process] = {}

    def meet(
        self, conductor: deployment.Way, compute: deployment.Way, host: str
    ) -> None:
        """Let a new compute register and beat through a new conductor.

        The computes which run already go on beating through it.

        :raises processes.Failed: one does not
        """
        if self._conductor is not None:
            self._conductor.stop()
        self._conductor = self.deployment.start(
            conductor, 'nova-conductor', f'controller-{len(self._computes)}'
        )
        self._computes[host] = self.deployment.start(
            compute, 'nova-compute', host
        )
        running = [self._conductor, *self._computes.values()]
        processes.wait_until(
            f'nova-compute on {host} registers',
            lambda: host in self._beats(),
            running,
        )
        before = self._beats()
        processes.wait_until(
            f'every compute beats {_BEATS} times',
            lambda: all(
                self._beats()[each] >= before[each] + _BEATS
                for each in self._computes
            ),
            running,
        )
        for each, beats in self._beats().items():
            print(f'{each}: {beats} beats, it was at {before[each]}')

    def list(self, api: deployment.Way) -> None:
        """Show the computes through the API.

        :raises processes.Failed: one of them is not up
        """
        running = [
            self.deployment.start_api(api),
            *self._computes.values(),
        ]
        processes.wait_until(
            'all computes are up',
            lambda: self._states() == dict.fromkeys(self._computes, 'up'),
            running,
        )
        print(self.deployment.openstack('compute', 'service', 'list'), end='')

    def _beats(self) -> dict[str, int]:
        return {
            host: beats
            for host, binary, beats in self.deployment.registered()
            if binary == 'nova-compute'
        }

    def _states(self) -> dict[str, str]:
        return {
            host: service.state
            for (host, binary), service in self.deployment.services().items()
            if binary == 'nova-compute'
        }


if __name__ == '__main__':
    sys.exit(main())
