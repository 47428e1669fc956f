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

_REPORT_INTERVAL = 1
_SERVICE_DOWN_TIME = 6

_COMPUTES = ('compute1', 'compute2')
_WAY = deployment.Way(on=True)


def main() -> int:
    """Move a nova there, and return the exit code of the process."""
    parser = argparse.ArgumentParser(prog='nova_deployment.sh --move')
    parser.add_argument('--driver', choices=('zk', 'mc'), default='zk')
    move = Move(parser.parse_args().driver)
    try:
        processes.say('RabbitMQ, MariaDB, placement and the backend start')
        with move.deployment:
            move.run()
    except processes.ERRORS as error:
        print(f'\nerror: {error}', file=sys.stderr)
        return 1
    print('\nAll of it as it should be.')
    return 0


class Move:
    """The steps of the move.

    :param driver: where the services go
    """

    def __init__(self, driver: str) -> None:
        self._target = driver if driver == 'zk' else f'{driver}:memcached'
        self._driver = driver
        self.deployment = deployment.Deployment(
            driver, _REPORT_INTERVAL, _SERVICE_DOWN_TIME
        )
        self._running: dict[str, processes.Process] = {}

    def run(self) -> None:
        """Go through all steps.

        :raises processes.Failed: something is not as it should be
        """
        self.deployment.use('db')
        processes.say('nova starts with its own table')
        self._start(('nova-conductor', 'controller'))
        self._start(('nova-scheduler', 'controller'))
        self._start(*(('nova-compute', host) for host in _COMPUTES))
        self._start_api()
        self._wait_for(compute1='enabled', compute2='enabled')
        self.deployment.manage(_WAY, 'cell_v2', 'discover_hosts')
        self.deployment.openstack(
            *('compute', 'service', 'set', '--disable'),
            *('compute2', 'nova-compute'),
        )
        self._wait_for(compute1='enabled', compute2='disabled')

        processes.say('API, scheduler and conductor stop; the services move')
        self._stop(
            *('nova-api-controller', 'nova-scheduler-controller'),
            'nova-conductor-controller',
        )
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

        processes.say('A conductor that was left as it was does not start')
        forgotten = self.deployment.start(_WAY, 'nova-conductor', 'forgotten')
        code = forgotten.wait()
        if code != 4:
            raise processes.Failed(
                f'it exited with {code}, not 4:\n{forgotten.log[-2000:]}'
            )
        print(forgotten.log.splitlines()[-1])

        processes.say('All start, or start again, with the new driver')
        self.deployment.use(self._driver)
        self._start(('nova-conductor', 'controller'))
        self._start(('nova-scheduler', 'controller'))
        self._stop(*(f'nova-compute-{host}' for host in _COMPUTES))
        self._start(*(('nova-compute', host) for host in _COMPUTES))
        self._start_api()
        took = self._wait_for(compute1='enabled', compute2='disabled')
        print(f'all are up after {took:.1f} s, and compute2 is disabled')
        print(self.deployment.openstack('compute', 'service', 'list'), end='')

    def _start(self, *services: tuple[str, str]) -> None:
        for name, host in services:
            process = self.deployment.start(_WAY, name, host)
            self._running[process.name] = process

    def _start_api(self) -> None:
        api = self.deployment.start_api(_WAY)
        self._running[api.name] = api

    def _stop(self, *names: str) -> None:
        for name in names:
            self._running.pop(name).stop()

    def _wait_for(self, **status: str) -> float:
        """Wait until computes are up, with a status, by host."""
        wanted = {
            (host, 'nova-compute'): deployment.State(each, 'up')
            for host, each in status.items()
        }

        def there() -> bool:
            services = self.deployment.services()
            return all(services.get(key) == wanted[key] for key in wanted)

        return processes.wait_until(
            f'{status}', there, list(self._running.values())
        )


if __name__ == '__main__':
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    sys.exit(main())
