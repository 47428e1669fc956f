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

_COMPUTES = ('compute1', 'compute2', 'compute3')
_CONTROL = ('nova-conductor', 'nova-scheduler')

ENABLED = deployment.State('enabled', 'up')
DISABLED = deployment.State('disabled', 'up')
DOWN = deployment.State('enabled', 'down')


def main() -> int:
    """Upgrade, and return the exit code of the process."""
    parser = argparse.ArgumentParser()
    parser.add_argument('--driver', choices=('zk', 'mc'), default='zk')
    parser.add_argument('old', help='the environment of the old release')
    arguments = parser.parse_args()
    upgrade = Upgrade(
        arguments.driver, deployment.Way(on=True, prefix=arguments.old)
    )
    try:
        processes.say('RabbitMQ, MariaDB, placement and the backend start')
        with upgrade.deployment:
            upgrade.run()
    except processes.ERRORS as error:
        print(f'\nerror: {error}', file=sys.stderr)
        return 1
    print('\nAll of it as it should be.')
    return 0


class Upgrade:
    """A nova on its way from one release to another.

    :param driver: ``[servicegroup] driver`` of both
    :param old: how processes of the old release run
    """

    def __init__(self, driver: str, old: deployment.Way) -> None:
        self._old = old
        self._new = deployment.Way(on=True)
        self._names = {
            way: f'nova {way.release}' for way in (self._old, self._new)
        }
        self.deployment = deployment.Deployment(driver, prefix=old.prefix)
        self._control: list[processes.Process] = []
        self._computes: dict[str, processes.Process] = {}
        self._uuids: dict[str, str] = {}

    def run(self) -> None:
        """Go through all steps.

        :raises processes.Failed: something is not as it should be
        """
        old, new = self._names.values()
        processes.say(f'{old}: control plane and computes')
        self._start_control(self._old)
        for host in _COMPUTES:
            self._start_compute(self._old, host)
        self._wait({})
        self.deployment.manage(self._old, 'cell_v2', 'discover_hosts')
        self._set('disable', 'compute3')
        self._wait({'compute3': DISABLED})
        self._uuids = self._column('ID')
        self._show_versions(self._old)

        processes.say(f'The control plane stops; its databases become {new}')
        for process in self._control:
            process.stop()
        self._control = []
        for arguments in (('api_db', 'sync'), ('db', 'sync')):
            self.deployment.manage(self._new, *arguments)
        # Nobody serves, and no compute is down for that.
        self._expect_column('State', dict.fromkeys(_COMPUTES, 'up'))

        processes.say(f'{new}: control plane; {old}: computes')
        self._start_control(self._new)
        self._wait({'compute3': DISABLED})
        self._show_versions(self._new)
        self._mixed()

        processes.say(f'The computes become {new}, one by one')
        for host in _COMPUTES:
            self._stop_compute(host)
            self._start_compute(self._new, host)
            self._wait({'compute3': DISABLED})
            self._show_versions(self._new)
        self._set('enable', 'compute3')
        self._wait({})
        self._settled()

    def _mixed(self) -> None:
        """See that computes of the old release are served as any other."""
        self._set('enable', 'compute3')
        self._set('disable', 'compute2')
        self._wait({'compute2': DISABLED})
        self._set('disable', 'compute3')
        self._set('enable', 'compute2')
        self._computes.pop('compute1').kill()
        took = self._wait({'compute1': DOWN, 'compute3': DISABLED})
        print(f'compute1 was killed, and is down after {took:.1f} s')
        self._start_compute(self._old, 'compute1')
        self._wait({'compute3': DISABLED})
        print('compute1 is up again, with the old release')

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

    def _start_control(self, way: deployment.Way) -> None:
        for name in _CONTROL:
            self._control.append(
                self.deployment.start(way, name, 'controller')
            )
        self._control.append(self.deployment.start_api(way))
        processes.wait_until(
            'conductor and scheduler are up',
            lambda: all(
                self.deployment.services().get(('controller', name)) == ENABLED
                for name in _CONTROL
            ),
            self._control,
        )

    def _start_compute(self, way: deployment.Way, host: str) -> None:
        self._computes[host] = self.deployment.start(way, 'nova-compute', host)

    def _stop_compute(self, host: str) -> None:
        code = self._computes.pop(host).stop()
        if code != 0:
            raise processes.Failed(f'nova-compute exited with {code}')

    def _set(self, verb: str, host: str) -> None:
        self.deployment.openstack(
            *('compute', 'service', 'set', f'--{verb}', host, 'nova-compute')
        )

    def _wait(self, wanted: Mapping[str, deployment.State]) -> float:
        """Wait until all computes are enabled and up, but for those named."""
        states = {**dict.fromkeys(_COMPUTES, ENABLED), **wanted}
        return processes.wait_until(
            f'{states}',
            lambda: (
                states
                == {
                    host: state
                    for (
                        host,
                        binary,
                    ), state in self.deployment.services().items()
                    if binary == 'nova-compute'
                }
            ),
            [*self._control, *self._computes.values()],
        )

    def _column(
        self, name: str, way: deployment.Way | None = None
    ) -> dict[str, str]:
        return {
            each['Host']: each[name]
            for each in self.deployment.records(way or self._new)
            if each['Binary'] == 'nova-compute'
        }

    def _expect_column(self, name: str, wanted: Mapping[str, str]) -> None:
        if (found := self._column(name)) != wanted:
            raise processes.Failed(f'{name}: {found}, and not {wanted}')

    def _show_versions(self, way: deployment.Way) -> None:
        for host, version in sorted(self._column('Version', way).items()):
            print(f'{host}: service version {version}')


if __name__ == '__main__':
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    sys.exit(main())
