# SPDX-License-Identifier: Apache-2.0

"""A small nova from one command: what an operator sees of its services."""

import argparse
from collections.abc import Mapping
import sys
from typing import Any

from nova_sg.tests.nova_deployment import deployment
from nova_sg.tests.nova_deployment import processes

_COMPUTES = ('compute1', 'compute2', 'compute3')

#: Seconds between two beats, and without one until a service is down.
_REPORT_INTERVAL = 1
_SERVICE_DOWN_TIME = 6

#: Seconds by which a server may be late to see that somebody is gone (one
#: tick of ZooKeeper, one second of memcached and MariaDB), and a request to
#: hear of it.
_LATE = 3.0


def main() -> int:
    """Run the show, and return the exit code of the process."""
    arguments = _parser().parse_args()
    show = Show(arguments.driver, not arguments.off, arguments.switch)
    try:
        processes.say('RabbitMQ, MariaDB, placement and the backend start')
        with show.deployment:
            show.run()
    except processes.ERRORS as error:
        print(f'\nerror: {error}', file=sys.stderr)
        return 1
    print('\nAll of it as it should be.')
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog='nova_deployment.sh')
    parser.add_argument('--driver', choices=('db', 'zk', 'mc'), default='zk')
    parser.add_argument('--off', action='store_true')
    parser.add_argument('--switch', choices=('run', 'conf'), default='run')
    return parser


class Show:
    """The steps of the show.

    :param driver: ``[servicegroup] driver``
    :param on: nova has nova_sg
    :param switch: what switches it on, see deployment.Way
    """

    def __init__(self, driver: str, on: bool, switch: str) -> None:
        self._driver = driver if on else 'nova'
        self._way = deployment.Way(on=on, by=switch)
        self.deployment = deployment.Deployment(
            driver, _REPORT_INTERVAL, _SERVICE_DOWN_TIME
        )
        self._running: dict[str, processes.Process] = {}

    def run(self) -> None:
        """Go through all steps.

        :raises processes.Failed: something is not as it should be
        """
        self._start()
        self._disable()
        self._crash()
        self._freeze()
        self._stop()
        self._restart()
        self._look_at_the_table()

    def _start(self) -> None:
        processes.say('Conductor, scheduler, three computes and the API start')
        for name, host in (
            ('nova-conductor', 'controller'),
            ('nova-scheduler', 'controller'),
            *(('nova-compute', host) for host in _COMPUTES),
        ):
            process = self.deployment.start(self._way, name, host)
            self._running[process.name] = process
            print(f'{process.name}: pid {process.pid}')
        api = self.deployment.start_api(self._way)
        self._running[api.name] = api
        self._wait_for({host: ('enabled', 'up') for host in _COMPUTES})
        self._wait_for(
            {'controller': ('enabled', 'up')},
            binaries=('nova-conductor', 'nova-scheduler'),
        )
        self.deployment.manage(self._way, 'cell_v2', 'discover_hosts')
        self._list()

    def _disable(self) -> None:
        processes.say('An operator disables one')
        reason = 'new disks'
        self._client(
            *('compute', 'service', 'set', '--disable'),
            *('--disable-reason', reason, 'compute3', 'nova-compute'),
        )
        self._expect({'compute3': ('disabled', 'up')})
        if self._way.on and self._way.by == 'run':
            self._use_nova_manage(reason)
        self._list()

    def _use_nova_manage(self, reason: str) -> None:
        self._nova_manage('service', 'enable', 'compute3', 'nova-compute')
        self._expect({'compute3': ('enabled', 'up')})
        self._nova_manage(
            *('service', 'disable', '--reason', reason),
            *('compute3', 'nova-compute'),
        )
        self._expect({'compute3': ('disabled', 'up')})
        self._nova_manage('service', 'list', '--binary', 'nova-compute')
        self._nova_manage('service', 'describe_resource', 'compute1')

    def _crash(self) -> None:
        processes.say('One is killed')
        self._running.pop('nova-compute-compute1').kill()
        self._goes_down('compute1', 'enabled')
        self._list()

    def _freeze(self) -> None:
        processes.say('The loop of one does not turn any more (SIGSTOP)')
        compute = self._running['nova-compute-compute3']
        compute.pause()
        self._goes_down('compute3', 'disabled')
        print('and goes on (SIGCONT)')
        compute.resume()
        took = self._wait_for({'compute3': ('disabled', 'up')})
        print(f'compute3 is up again after {took:.1f} s, and still disabled')

    def _stop(self) -> None:
        processes.say('One is stopped in good order (SIGTERM)')
        code = self._running.pop('nova-compute-compute2').stop()
        if code != 0:
            raise processes.Failed(f'nova-compute exited with {code}')
        print('nova-compute exited with 0')
        self._goes_down('compute2', 'enabled')
        self._list()

    def _restart(self) -> None:
        processes.say('The one that was stopped starts again')
        process = self.deployment.start(self._way, 'nova-compute', 'compute2')
        self._running[process.name] = process
        took = self._wait_for({'compute2': ('enabled', 'up')})
        print(f'compute2 is up after {took:.1f} s')

    def _look_at_the_table(self) -> None:
        processes.say('The services tables')
        rows = self.deployment.rows()
        for database, count in rows.items():
            print(f'{database}.services: {count} rows')
        in_the_table = sum(rows.values()) > 0
        if in_the_table != (self._driver in ('db', 'nova')):
            raise processes.Failed(
                f'with {self._driver} the table holds '
                f'{sum(rows.values())} rows'
            )

    def _goes_down(self, host: str, status: str) -> None:
        limit = _LATE + (
            deployment.SESSION_TIMEOUT
            if self._driver == 'zk'
            else _SERVICE_DOWN_TIME
        )
        took = self._wait_for({host: (status, 'down')})
        print(f'{host} is down after {took:.1f} s')
        if took > limit:
            raise processes.Failed(f'that is more than {limit:g} s')

    def _wait_for(
        self,
        wanted: Mapping[str, tuple[str, str]],
        binaries: tuple[str, ...] = ('nova-compute',),
    ) -> float:
        """Wait until services have a status and a state, by host."""
        return processes.wait_until(
            f'{dict(wanted)}',
            lambda: self._are(wanted, binaries),
            list(self._running.values()),
        )

    def _expect(self, wanted: Mapping[str, tuple[str, str]]) -> None:
        if not self._are(wanted, ('nova-compute',)):
            raise processes.Failed(
                f'{dict(wanted)} expected, but the API says '
                f'{self.deployment.services()}'
            )

    def _are(
        self,
        wanted: Mapping[str, tuple[str, str]],
        binaries: tuple[str, ...],
    ) -> bool:
        services = self.deployment.services()
        return all(
            services.get((host, binary)) == deployment.State(*state)
            for host, state in wanted.items()
            for binary in binaries
        )

    def _list(self) -> None:
        self._client('compute', 'service', 'list')

    def _client(self, *arguments: str) -> None:
        print('\n$ openstack ' + _words(arguments))
        print(self.deployment.openstack(*arguments), end='')

    def _nova_manage(self, *arguments: str) -> None:
        print('\n$ nova-sg-run nova-manage ' + _words(arguments))
        print(self.deployment.manage(self._way, *arguments), end='')


def _words(arguments: Any) -> str:
    return ' '.join(f"'{word}'" if ' ' in word else word for word in arguments)


if __name__ == '__main__':
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    sys.exit(main())
