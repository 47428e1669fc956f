# SPDX-License-Identifier: Apache-2.0

"""A nova that runs is moved from its own table to another driver.

As doc/source/admin/nova-tree.rst has it: the API, the scheduler and the
conductor are stopped, the services are moved, and all processes start with
the new driver. What an operator has decided is so afterwards.
"""

import argparse
import sys

from nova_sg.tests.nova_deployment import deployment
from nova_sg.tests.nova_deployment import processes
from nova_sg.tests.nova_deployment import scenario
from nova_sg.tests.nova_deployment import ways

_COMPUTES = ('compute1', 'compute2')
_WAY = ways.Way(on=True)

#: How the computes are before the move, and after it.
_STATES = {'compute1': scenario.UP, 'compute2': scenario.DISABLED}


def main() -> int:
    """Move a nova there, and return the exit code of the process."""
    parser = argparse.ArgumentParser(prog='nova_deployment.sh --move')
    parser.add_argument('--driver', choices=('zk', 'mc'), default='zk')
    return Move(parser.parse_args().driver).main()


class Move(scenario.Scenario):
    """The steps of the move.

    :param driver: where the services go
    """

    def __init__(self, driver: str) -> None:
        super().__init__(deployment.Deployment(driver))
        self._target = driver if driver == 'zk' else f'{driver}:memcached'
        self._driver = driver

    def run(self) -> None:
        self.deployment.use('db')
        processes.say('nova starts with its own table')
        self.start_control(_WAY, *_COMPUTES)
        self.wait_for(dict.fromkeys(_COMPUTES, scenario.UP))
        self.deployment.manage(_WAY, 'cell_v2', 'discover_hosts')
        self.set('disable', 'compute2')
        self.wait_for(_STATES)

        processes.say('API, scheduler and conductor stop; the services move')
        self.stop_control()
        print(self.deployment.prepare(_WAY), end='')
        for more in (('--dry-run',), ()):
            print(
                self.deployment.manage(
                    _WAY,
                    *('service', 'migrate', '--from', 'db'),
                    *('--to', self._target, *more),
                ),
                end='',
            )
        self._forgotten()

        processes.say('All start, or start again, with the new driver')
        self.deployment.use(self._driver)
        # A compute that stops asks the conductor.
        self.start_control(_WAY)
        for host in _COMPUTES:
            self.stop(scenario.COMPUTE, host)
        self.start_computes(_WAY, *_COMPUTES)
        took = self.wait_for(_STATES)
        print(f'all are up after {took:.1f} s, and compute2 is disabled')
        self.show()

    def _forgotten(self) -> None:
        """See that a conductor with the old driver refuses to start.

        :raises processes.Failed: it does not
        """
        processes.say('A conductor that was left as it was does not start')
        forgotten = self.deployment.start(_WAY, 'nova-conductor', 'forgotten')
        if (code := forgotten.wait()) != 4:
            raise processes.Failed(
                f'it exited with {code}, not 4:\n{forgotten.log[-2000:]}'
            )
        print(forgotten.log.splitlines()[-1])


if __name__ == '__main__':
    sys.exit(main())
