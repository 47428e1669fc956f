# SPDX-License-Identifier: Apache-2.0

"""nova is upgraded from one release to another with grouped heartbeats.

Computes of the old release run under conductors of the new one: with nova_sg,
without it, and under both. A compute logs which way its heartbeats go.
"""

import argparse
import sys
import time

from nova_sg.tests.nova_deployment import deployment
from nova_sg.tests.nova_deployment import processes
from nova_sg.tests.nova_deployment import scenario
from nova_sg.tests.nova_deployment import watched
from nova_sg.tests.nova_deployment import ways

#: Seconds, in the ratio of nova's defaults.
_REPORT_INTERVAL = 5
_SERVICE_DOWN_TIME = 30

_COMPUTES = ('compute1', 'compute2', 'compute3')

_GROUPED, _NOVAS = 'are grouped by conductors', "go nova's way"


def main() -> int:
    """Upgrade, and return the exit code of the process."""
    parser = argparse.ArgumentParser()
    parser.add_argument('old', help='the environment of the old release')
    parser.add_argument('plain', help='that of nova alone, the new release')
    arguments = parser.parse_args()
    return Upgrade(
        ways.Way(on=True, prefix=arguments.old),
        ways.Way(on=False, prefix=arguments.plain),
    ).main()


class Upgrade(watched.Watched):
    """A nova with grouped heartbeats on its way to another release.

    :param old: how processes of the old release run
    :param plain: how those of the new one run without nova_sg
    """

    down_time = _SERVICE_DOWN_TIME

    def __init__(self, old: ways.Way, plain: ways.Way) -> None:
        super().__init__(
            deployment.Deployment(
                'db',
                _REPORT_INTERVAL,
                _SERVICE_DOWN_TIME,
                prefix=old.prefix,
                beats='grouped',
            )
        )
        self._old, self._plain = old, plain
        self._new = ways.Way(on=True)

    def run(self) -> None:
        old, new = f'nova {self._old.release}', f'nova {self._new.release}'
        processes.say(f'{old}: control plane and computes')
        self.start_control(self._old, *_COMPUTES)
        self.all_up(*_COMPUTES)
        self._go(_GROUPED, *_COMPUTES)

        processes.say(f'The control plane stops; its databases become {new}')
        self.stop_control()
        for arguments in (('api_db', 'sync'), ('db', 'sync')):
            self.deployment.manage(self._new, *arguments)

        processes.say(f'{new}: control plane; {old}: computes')
        self.start_control(self._new)
        self.all_up(*_COMPUTES)
        self._go(_GROUPED, *_COMPUTES)
        with self.nobody_down(*_COMPUTES):
            time.sleep(_SERVICE_DOWN_TIME)
        self._kill_and_stop()

        processes.say(f'{new}: a conductor without nova_sg beside the other')
        self.start(self._plain, 'nova-conductor', 'plain')
        with self.nobody_down(*_COMPUTES):
            time.sleep(_SERVICE_DOWN_TIME)
        self._go(_GROUPED, *_COMPUTES)

        processes.say(f'{new}: only the conductor without nova_sg')
        with self.nobody_down(*_COMPUTES):
            self.stop('nova-conductor', scenario.CONTROLLER)
            time.sleep(_SERVICE_DOWN_TIME + _REPORT_INTERVAL)
        self._go(_NOVAS, *_COMPUTES)
        self._kill_and_stop()
        self._go(_NOVAS, 'compute1', 'compute2')

        processes.say(f'{new}: the conductor with nova_sg is back')
        with self.nobody_down(*_COMPUTES):
            self.start(self._new, 'nova-conductor', scenario.CONTROLLER)
            self._go(_GROUPED, *_COMPUTES)

        processes.say('The computes are upgraded, one by one')
        for host in _COMPUTES:
            self.stop(scenario.COMPUTE, host)
            self.start_computes(self._new, host)
            self.all_up(*_COMPUTES)
        self._go(_GROUPED, *_COMPUTES)
        self._kill_and_stop(self._new)
        self.show()

    def _kill_and_stop(self, way: ways.Way | None = None) -> None:
        """Kill one compute and stop another, and start them again."""
        self.set('disable', 'compute3')
        self.kill(scenario.COMPUTE, 'compute1')
        self.goes_down('compute1')
        self.stops('compute2')
        self.expect({'compute3': scenario.DISABLED})
        self.set('enable', 'compute3')
        self.start_computes(way or self._old, 'compute1', 'compute2')
        self.all_up(*_COMPUTES)

    def _go(self, way: str, *hosts: str) -> None:
        """Wait until the heartbeats of computes go one way.

        :raises processes.Failed: they do not
        """
        logs = [self.process(scenario.COMPUTE, host) for host in hosts]
        processes.wait_until(
            f'heartbeats of {", ".join(hosts)} {way}',
            lambda: all(_last_way(each.log) == way for each in logs),
            self.running,
        )
        print(f'Heartbeats of {", ".join(hosts)} {way}')


def _last_way(log: str) -> str | None:
    """Return what a compute logged last about the way of its heartbeats."""
    found = {way: log.rfind(way) for way in (_GROUPED, _NOVAS)}
    last = max(found, key=lambda way: found[way])
    return last if found[last] >= 0 else None


if __name__ == '__main__':
    sys.exit(main())
