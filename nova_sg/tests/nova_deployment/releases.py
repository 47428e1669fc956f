# SPDX-License-Identifier: Apache-2.0

"""nova is upgraded from one release to another while a driver is in use.

Both releases have nova_sg, each in an environment of its own. The control
plane goes first; computes of the old release run under it until each of them
is upgraded. The services stay where the driver keeps them.
"""

import argparse
from collections.abc import Mapping
import sys

from nova_sg.tests.nova_deployment import deployment
from nova_sg.tests.nova_deployment import processes
from nova_sg.tests.nova_deployment import scenario
from nova_sg.tests.nova_deployment import ways

_COMPUTES = ('compute1', 'compute2', 'compute3')

#: What processes of both releases must say alike of a service.
_ALIKE = ('ID', 'Host', 'Binary', 'Status', 'State', 'Version')


def main() -> int:
    """Upgrade, and return the exit code of the process."""
    parser = argparse.ArgumentParser()
    parser.add_argument('--driver', choices=('zk', 'mc'), default='zk')
    parser.add_argument('old', help='the environment of the old release')
    arguments = parser.parse_args()
    old = ways.Way(on=True, prefix=arguments.old)
    return Upgrade(arguments.driver, old).main()


class Upgrade(scenario.Scenario):
    """A nova on its way from one release to another.

    :param driver: ``[servicegroup] driver`` of both
    :param old: how processes of the old release run
    """

    def __init__(self, driver: str, old: ways.Way) -> None:
        super().__init__(deployment.Deployment(driver, prefix=old.prefix))
        self._old = old
        self._new = ways.Way(on=True)
        self._uuids: dict[str, str] = {}

    def run(self) -> None:
        old, new = f'nova {self._old.release}', f'nova {self._new.release}'
        processes.say(f'{old}: control plane and computes')
        self.start_control(self._old, *_COMPUTES)
        self._wait()
        self.deployment.manage(self._old, 'cell_v2', 'discover_hosts')
        self.set('disable', 'compute3')
        self._wait(compute3=scenario.DISABLED)
        self._uuids = self._column('ID')
        self._show_versions(self._old)

        processes.say(f'The control plane stops; its databases become {new}')
        self.stop_control()
        for arguments in (('api_db', 'sync'), ('db', 'sync')):
            self.deployment.manage(self._new, *arguments)
        # No control plane runs, and no compute is down because of that.
        self._expect_column('State', dict.fromkeys(_COMPUTES, 'up'))

        processes.say(f'{new}: control plane; {old}: computes')
        self.start_control(self._new)
        self._wait(compute3=scenario.DISABLED)
        self._show_versions(self._new)
        self._old_computes()

        processes.say(f'{new}: control plane, compute1; {old}: the others')
        self._upgrade('compute1')
        self._wait(compute3=scenario.DISABLED)
        self._mixed_computes()

        processes.say(f'The others become {new}, one by one')
        for host in ('compute2', 'compute3'):
            self._upgrade(host)
            self._wait(compute2=scenario.DISABLED)
            self._show_versions(self._new)
        self.set('enable', 'compute2')
        self._wait()
        self._settled()

    def _old_computes(self) -> None:
        """See that computes of the old release are served as any other."""
        self.set('enable', 'compute3')
        self.set('disable', 'compute2')
        self._wait(compute2=scenario.DISABLED)
        self.set('disable', 'compute3')
        self.set('enable', 'compute2')
        self.kill(scenario.COMPUTE, 'compute1')
        took = self._wait(compute1=scenario.DOWN, compute3=scenario.DISABLED)
        print(f'compute1 was killed, and is down after {took:.1f} s')
        self._agree()
        self.start_computes(self._old, 'compute1')
        self._wait(compute3=scenario.DISABLED)
        print('compute1 is up again, with the old release')

    def _mixed_computes(self) -> None:
        """See that computes of both releases run beside each other.

        What is decided by a command of either release counts for both, and
        outlives the upgrade of its compute.
        """
        self._show_versions(self._new)
        self._agree()
        self._decide(self._old, 'enable', 'compute3')
        self._decide(self._old, 'disable', 'compute1')
        self._wait(compute1=scenario.DISABLED)
        self._decide(self._new, 'enable', 'compute1')
        self._decide(self._old, 'disable', 'compute2')
        self._wait(compute2=scenario.DISABLED)
        self._agree()
        self.kill(scenario.COMPUTE, 'compute1')
        took = self._wait(compute1=scenario.DOWN, compute2=scenario.DISABLED)
        print(f'compute1 was killed, and is down after {took:.1f} s')
        self._agree()
        self.start_computes(self._new, 'compute1')
        self._wait(compute2=scenario.DISABLED)
        print('compute1 is up again, with the new release')

    def _settled(self) -> None:
        """See that the services are the same, and nowhere else.

        :raises processes.Failed: one is another, of the old release still,
            or in the table
        """
        self._expect_column('ID', self._uuids)
        if len(set(self._column('Version').values())) != 1:
            raise processes.Failed('a compute has kept its old version')
        if any(rows := self.deployment.rows().values()):
            raise processes.Failed(f'the services tables hold {list(rows)}')
        print('The services tables have no row')

    def _upgrade(self, host: str) -> None:
        self.stop(scenario.COMPUTE, host)
        self.start_computes(self._new, host)

    def _decide(self, way: ways.Way, verb: str, host: str) -> None:
        """Enable or disable a compute with nova-manage of a release."""
        self.deployment.manage(way, 'service', verb, host, scenario.COMPUTE)
        print(f'nova-manage of nova {way.release}: {verb} {host}')

    def _wait(self, **but: deployment.State) -> float:
        """Wait until all computes are enabled and up, but for those named."""
        return self.wait_for({**dict.fromkeys(_COMPUTES, scenario.UP), **but})

    def _agree(self) -> None:
        """See that both releases say the same of each service.

        :raises processes.Failed: they do not
        """
        said = [
            sorted(
                tuple(each[name] for name in _ALIKE)
                for each in self.deployment.records(way)
            )
            for way in (self._old, self._new)
        ]
        if said[0] != said[1]:
            raise processes.Failed(
                f'nova {self._old.release} says {said[0]}, '
                f'and nova {self._new.release} {said[1]}'
            )
        print(f'Both releases say the same of {len(said[0])} services')

    def _column(
        self, name: str, way: ways.Way | None = None
    ) -> dict[str, str]:
        return {
            each['Host']: each[name]
            for each in self.deployment.records(way or self._new)
            if each['Binary'] == scenario.COMPUTE
        }

    def _expect_column(self, name: str, wanted: Mapping[str, str]) -> None:
        if (found := self._column(name)) != wanted:
            raise processes.Failed(f'{name}: {found}, and not {wanted}')

    def _show_versions(self, way: ways.Way) -> None:
        for host, version in sorted(self._column('Version', way).items()):
            print(f'{host}: service version {version}')


if __name__ == '__main__':
    sys.exit(main())
