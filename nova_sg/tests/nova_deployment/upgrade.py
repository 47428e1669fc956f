# SPDX-License-Identifier: Apache-2.0

"""A rolling upgrade: processes with and without nova_sg serve each other.

The unpatched ones come from an environment of nova alone. The driver is
``db``: both write the same table.
"""

import argparse
import sys

from nova_sg.tests.nova_deployment import deployment
from nova_sg.tests.nova_deployment import processes
from nova_sg.tests.nova_deployment import scenario
from nova_sg.tests.nova_deployment import ways

#: Beats after which a compute is taken to go on beating.
_BEATS = 3


def main() -> int:
    """Upgrade, and return the exit code of the process."""
    parser = argparse.ArgumentParser()
    parser.add_argument('plain', help='the environment of nova alone')
    plain = ways.Way(on=False, prefix=parser.parse_args().plain)
    return Upgrade(plain).main()


class Upgrade(scenario.Scenario):
    """A nova whose conductor is upgraded while computes run.

    :param plain: how processes without nova_sg run
    """

    def __init__(self, plain: ways.Way) -> None:
        super().__init__(deployment.Deployment('db'))
        self._plain = plain
        self._patched = ways.Way(on=True)

    def run(self) -> None:
        processes.say('Without nova_sg: the conductor; with: a compute')
        self.start(self._plain, 'nova-conductor', 'controller-0')
        self._meet(self._patched, 'patched')

        processes.say('With nova_sg: the conductor; without: a compute')
        self.stop('nova-conductor', 'controller-0')
        self.start(self._patched, 'nova-conductor', 'controller-1')
        self._meet(self._plain, 'unpatched')

        processes.say('The API has nova_sg, the computes are of both kinds')
        self.start_api(self._patched)
        self.wait_for({'patched': scenario.UP, 'unpatched': scenario.UP})
        self.show()

    def _meet(self, way: ways.Way, host: str) -> None:
        """Let a new compute register and beat through the conductor.

        The computes which run already go on beating through it.

        :raises processes.Failed: one does not
        """
        self.start_computes(way, host)
        processes.wait_until(
            f'nova-compute on {host} registers',
            lambda: host in self._beats(),
            self.running,
        )
        before = self._beats()
        processes.wait_until(
            f'every compute beats {_BEATS} times',
            lambda: all(
                beats >= before[each] + _BEATS
                for each, beats in self._beats().items()
            ),
            self.running,
        )
        for each, beats in self._beats().items():
            print(f'{each}: {beats} beats, it was at {before[each]}')

    def _beats(self) -> dict[str, int]:
        return {
            host: beats
            for host, binary, beats in self.deployment.registered()
            if binary == scenario.COMPUTE
        }


if __name__ == '__main__':
    sys.exit(main())
