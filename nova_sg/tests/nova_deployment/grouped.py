# SPDX-License-Identifier: Apache-2.0

"""Grouped heartbeats while clocks are wrong and servers fail.

Two conductors, and computes of each kind: with grouped heartbeats, with
nova's, and without nova_sg.
"""

import argparse
import sys
import time

from nova_sg.tests.nova_deployment import configuration
from nova_sg.tests.nova_deployment import deployment
from nova_sg.tests.nova_deployment import processes
from nova_sg.tests.nova_deployment import watched
from nova_sg.tests.nova_deployment import ways

#: nova's defaults: a broker that is away for half of the down time makes
#: no service down.
_REPORT_INTERVAL = 10
_SERVICE_DOWN_TIME = 60

#: Seconds for which the broker is away, and those of them in which it starts.
_OUTAGE = 30
_STARTING = 8

_CONTROLLERS = ('controller1', 'controller2')

_AN_HOUR = 3600


def main() -> int:
    """Run it, and return the exit code of the process."""
    parser = argparse.ArgumentParser()
    parser.add_argument('plain', help='the environment of nova alone')
    return Faults(parser.parse_args().plain).main()


class Faults(watched.Watched):
    """A nova with grouped heartbeats that meets one fault after the other.

    :param plain: the environment of nova alone
    """

    down_time = _SERVICE_DOWN_TIME

    def __init__(self, plain: str) -> None:
        super().__init__(
            deployment.Deployment(
                'db', _REPORT_INTERVAL, _SERVICE_DOWN_TIME, beats='grouped'
            )
        )
        self._way = ways.Way(on=True)
        self._plain = ways.Way(on=False, prefix=plain)

    def run(self) -> None:
        for off in (_AN_HOUR, -_AN_HOUR):
            self._wrong_clocks(conductor=-off, api=off)
        self._start()
        for name in _CONTROLLERS:
            self._kill_conductor(name)
        self._stop_broker()
        self._restart_database()
        self._crash()

    def _wrong_clocks(self, conductor: int, api: int) -> None:
        """Let the clocks of all hosts be wrong; the database's is right.

        :param conductor: seconds by which that of a conductor is ahead
        :param api: seconds by which that of the API is ahead
        """
        processes.say(
            'Seconds by which clocks are ahead: '
            f'conductor {conductor}, API {api}, computes {_AN_HOUR} and '
            f'{-_AN_HOUR}'
        )
        self.start(
            self._way, 'nova-conductor', 'controller1', **_clock(conductor)
        )
        self.start(self._way, 'nova-compute', 'early', **_clock(_AN_HOUR))
        self.start(self._way, 'nova-compute', 'late', **_clock(-_AN_HOUR))
        self.start_api(self._way, **_clock(api))
        self.all_up('early', 'late')
        with self.nobody_down('early', 'late'):
            time.sleep(_SERVICE_DOWN_TIME + _REPORT_INTERVAL)
        self.kill('nova-compute', 'early')
        self.stops('late')
        self.goes_down('early')
        for name in list(self._running):
            self._running.pop(name).kill()

    def _start(self) -> None:
        processes.say('Computes of each kind, two conductors and the API')
        for name in _CONTROLLERS:
            self.start(self._way, 'nova-conductor', name)
        self.start(self._way, 'nova-compute', 'grouped1')
        self.start(self._way, 'nova-compute', 'grouped2')
        self.start(
            self._way, 'nova-compute', 'novas', OS_SERVICEGROUP__BEATS='nova'
        )
        self.start(self._plain, 'nova-compute', 'stock')
        self.start_api(self._way)
        self.all_up('grouped1', 'grouped2', 'novas', 'stock')

    def _kill_conductor(self, host: str) -> None:
        processes.say(f'The conductor of {host} is killed')
        with self.nobody_down('grouped1', 'grouped2'):
            self.kill('nova-conductor', host)
            time.sleep(_SERVICE_DOWN_TIME + _REPORT_INTERVAL)
            self.start(self._way, 'nova-conductor', host)
        self.all_up('grouped1', 'grouped2', 'novas', 'stock')

    def _stop_broker(self) -> None:
        processes.say(f'The broker is killed, for {_OUTAGE} s')
        with self.nobody_down('grouped1', 'grouped2'):
            began = time.monotonic()
            self.deployment.messaging.kill()
            time.sleep(_OUTAGE - _STARTING)
            self.deployment.messaging.start()
            away = time.monotonic() - began
            print(f'It was away for {away:.1f} s')
            if away > _SERVICE_DOWN_TIME - 2 * _REPORT_INTERVAL:
                raise processes.Failed(
                    'this machine is too busy to start it in time'
                )
            time.sleep(_SERVICE_DOWN_TIME)
        self.all_up('grouped1', 'grouped2', 'novas', 'stock')

    def _restart_database(self) -> None:
        processes.say('The database is restarted')
        with self.nobody_down('grouped1', 'grouped2'):
            self.deployment.database.restart()
            time.sleep(2 * _REPORT_INTERVAL)
        self.all_up('grouped1', 'grouped2', 'novas', 'stock')

    def _crash(self) -> None:
        processes.say('One compute of each kind is killed, one is stopped')
        self.stops('grouped2')
        for host in ('grouped1', 'novas', 'stock'):
            self.kill('nova-compute', host)
        for host in ('grouped1', 'novas', 'stock'):
            self.goes_down(host)


def _clock(seconds: int) -> dict[str, str]:
    """Return the environment of a process whose host's clock is off."""
    return {
        'NOVA_SG_TEST_CLOCK': str(seconds),
        'PYTHONPATH': str(configuration.VIRT),
    }


if __name__ == '__main__':
    sys.exit(main())
