# SPDX-License-Identifier: Apache-2.0

"""A small nova from one command: what an operator sees of its services."""

import argparse
import sys
import time

from nova_sg.tests.nova_deployment import deployment
from nova_sg.tests.nova_deployment import processes
from nova_sg.tests.nova_deployment import scenario
from nova_sg.tests.nova_deployment import servers
from nova_sg.tests.nova_deployment import unit
from nova_sg.tests.nova_deployment import ways

_COMPUTES = ('compute1', 'compute2', 'compute3')
_REASON = 'new disks'

#: Seconds by which a server may be late to see that a process is gone (one
#: tick of ZooKeeper, one second of memcached and MariaDB), and a request to
#: hear of it.
_LATE = 3.0

#: Seconds after which a service is down whose unit has ended on a living host.
_UNIT_ENDED = 2.0

#: Seconds for which a late end of a unit's earlier start must change nothing.
_UNDISTURBED = 3.0


def main() -> int:
    """Run the show, and return the exit code of the process."""
    parser = argparse.ArgumentParser(prog='nova_deployment.sh')
    parser.add_argument('--driver', choices=('db', 'zk', 'mc'), default='zk')
    parser.add_argument('--beats', choices=('nova', 'grouped'))
    parser.add_argument('--off', action='store_true')
    parser.add_argument('--switch', choices=('run', 'conf'), default='run')
    arguments = parser.parse_args()
    way = ways.Way(on=not arguments.off, by=arguments.switch)
    return Show(arguments.driver, way, arguments.beats).main()


class Show(scenario.Scenario):
    """The steps of the show.

    :param driver: ``[servicegroup] driver``
    :param way: how nova gets nova_sg, if at all
    :param beats: ``[servicegroup] beats``; None for its default
    """

    def __init__(
        self, driver: str, way: ways.Way, beats: str | None = None
    ) -> None:
        super().__init__(deployment.Deployment(driver, beats=beats))
        self._driver = driver if way.on else 'nova'
        self._way = way

    def run(self) -> None:
        self._start()
        self._disable()
        self._crash()
        self._freeze()
        self._stop()
        self._restart()
        if self._way.on:
            self._crash_of_a_unit()
        self._look_at_the_table()

    def _start(self) -> None:
        if self._driver == 'db':
            # Where a crash of a unit is told from other workers.
            self.deployment.prepare(self._way)
        processes.say('Conductor, scheduler, three computes and the API start')
        self.start_control(self._way, *_COMPUTES)
        for process in self.running:
            print(f'{process.name}: pid {process.pid}')
        self.wait_for(dict.fromkeys(_COMPUTES, scenario.UP))
        self.deployment.manage(self._way, 'cell_v2', 'discover_hosts')
        self.show()

    def _disable(self) -> None:
        processes.say('An operator disables one')
        self.set('disable', 'compute3', '--disable-reason', _REASON)
        self.expect({'compute3': scenario.DISABLED})
        if self._way.on and self._way.by == 'run':
            self._use_nova_manage()
        self.show()

    def _use_nova_manage(self) -> None:
        self._nova_manage('service', 'enable', 'compute3', 'nova-compute')
        self.expect({'compute3': scenario.UP})
        self._nova_manage(
            *('service', 'disable', '--reason', _REASON),
            *('compute3', 'nova-compute'),
        )
        self.expect({'compute3': scenario.DISABLED})
        self._nova_manage(
            *('service', 'list', '--long'), *('--binary', 'nova-compute')
        )
        self._nova_manage('service', 'describe_resource', 'compute1')

    def _crash(self) -> None:
        processes.say('One is killed')
        self.kill(scenario.COMPUTE, 'compute1')
        self._goes_down('compute1', scenario.DOWN)
        self.show()

    def _freeze(self) -> None:
        processes.say('The loop of one does not turn any more (SIGSTOP)')
        compute = self.process(scenario.COMPUTE, 'compute3')
        compute.pause()
        self._goes_down('compute3', scenario.DISABLED_DOWN)
        print('and goes on (SIGCONT)')
        compute.resume()
        took = self.wait_for({'compute3': scenario.DISABLED})
        print(f'compute3 is up again after {took:.1f} s, and still disabled')

    def _stop(self) -> None:
        processes.say('One is stopped in good order (SIGTERM)')
        self.stop(scenario.COMPUTE, 'compute2')
        print('nova-compute exited with 0')
        self._goes_down('compute2', scenario.DOWN)
        self.show()

    def _restart(self) -> None:
        processes.say('The one that was stopped starts again')
        self.start_computes(self._way, 'compute2')
        took = self.wait_for({'compute2': scenario.UP})
        print(f'compute2 is up after {took:.1f} s')

    def _crash_of_a_unit(self) -> None:
        processes.say('One that systemd runs is killed, and its host lives')
        way, host = self._way, 'compute1'
        first = unit.invocation()
        compute = self.start(way, scenario.COMPUTE, host, **first)
        self.wait_for({host: scenario.UP})
        began = time.monotonic()
        self.kill(scenario.COMPUTE, host)
        print(self._end_of_unit(compute, first), end='')
        said = time.monotonic() - began
        self.wait_for({host: scenario.DOWN})
        took = time.monotonic() - began
        print(
            f'{host} is down after {took:.1f} s; ExecStopPost took {said:.1f}'
        )
        if took > _UNIT_ENDED:
            raise processes.Failed(f'that is more than {_UNIT_ENDED:g} s')

        compute = self.start(way, scenario.COMPUTE, host, **unit.invocation())
        self.wait_for({host: scenario.UP})
        print('It runs again, and ExecStopPost of its first start comes late')
        print(self._end_of_unit(compute, first), end='')
        until = time.monotonic() + _UNDISTURBED
        while time.monotonic() < until:
            self.expect({host: scenario.UP})
            time.sleep(0.1)
        print(f'{host} was up for {_UNDISTURBED:g} s more')

    def _end_of_unit(
        self, compute: processes.Process, invoked: dict[str, str]
    ) -> str:
        return unit.stop_post(
            self._way, scenario.COMPUTE, 'compute1', compute, invoked
        )

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

    def _goes_down(self, host: str, down: deployment.State) -> None:
        limit = _LATE + (
            servers.SESSION_TIMEOUT
            if self._driver == 'zk'
            else deployment.SERVICE_DOWN_TIME
        )
        took = self.wait_for({host: down})
        print(f'{host} is down after {took:.1f} s')
        if took > limit:
            raise processes.Failed(f'that is more than {limit:g} s')

    def _nova_manage(self, *arguments: str) -> None:
        words = (f"'{word}'" if ' ' in word else word for word in arguments)
        print('\n$ nova-sg-run nova-manage ' + ' '.join(words))
        print(self.deployment.manage(self._way, *arguments), end='')


if __name__ == '__main__':
    sys.exit(main())
