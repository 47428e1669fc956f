# SPDX-License-Identifier: Apache-2.0

"""Services that beat, readers that watch them, and a writer, amid faults.

In each fault no acknowledged change is lost, no service that beats is called
down, every dead one is down in bounded time, and all is well again without a
restart.
"""

import time

from nova_sg import exception
from nova_sg.servicegroup.testing import actions
from nova_sg.tests.functional.servicegroup import background
from nova_sg.tests.functional.servicegroup import zookeeper_base as base


class Writer(background.Background):
    """Makes one change after the other, and keeps what was acknowledged.

    :param change: makes the change with a number
    """

    def __init__(self, change):
        super().__init__(self._write, pause=0.01)
        self.acknowledged = -1
        self.results = []
        self.errors = []
        self._change = change

    def _write(self, number):
        try:
            self.results.append(self._change(number))
            self.acknowledged = number
        except exception.ServiceGroupUnavailable:
            pass
        except Exception as error:
            self.errors.append(error)


class Observer(background.Background):
    """Asks again and again whether services are up.

    :param apis: the processes that are asked
    :param services: those which are up all the time
    """

    def __init__(self, apis, services):
        super().__init__(self._ask)
        self.wrong = []
        self.asked = 0
        self.answered = set()
        self._apis = apis
        self._services = services
        self._began = time.monotonic()

    @property
    def pairs(self):
        """Every process, by its number, with the host of every service."""
        return {
            (number, service.host)
            for number in range(len(self._apis))
            for service in self._services
        }

    def _ask(self, _round):
        for number, api in enumerate(self._apis):
            for service in self._services:
                self.asked += 1
                pair = number, service.host
                try:
                    up = api.service_is_up(service)
                    self.answered.add(pair)
                except exception.ServiceGroupUnavailable:
                    # A process that has known it knows it now.
                    up = pair not in self.answered
                if not up:
                    when = time.monotonic() - self._began
                    self.wrong.append((*pair, when))


class FaultsTestCase(base.ZooKeeperTestCase):
    """Services in processes of their own, and the readers that watch them."""

    def setUp(self):
        super().setUp()
        self.operator = self.process()
        self.living = [
            self.register(self.operator, f'living{n}') for n in range(3)
        ]
        self.workers = []
        for service in self.living:
            self.workers.append(self.worker())
            self.workers[-1].call(actions.join_and_beat, service)
        self.mortal = self.register(self.operator, 'mortal')
        self.victim = self.worker()
        self.victim.call(actions.join_and_beat, self.mortal)

    def observe(self, *apis):
        """Begin to watch over services that must not be called down."""
        for api in apis:
            api.list(self.context)
        return self.observe_now(*apis)

    def observe_now(self, *apis):
        return self.useFixture(Observer(apis, self.living))

    def write(self, field='disabled_reason'):
        """Begin to change a record again and again."""
        api, uuid = self.process(), self.living[0].uuid
        kind = int if field == 'version' else str
        return self.begin(
            lambda number: api.update(
                self.context, uuid, {field: kind(number)}
            )
        )

    def begin(self, change):
        return self.useFixture(Writer(change))

    def assert_nothing_lost(self, writer, service, field):
        writer.stop()
        self.assertEqual([], writer.errors)
        found = self.process().get_by_uuid(self.context, service.uuid)
        self.assertGreaterEqual(
            int(getattr(found, field)), writer.acknowledged
        )

    def assert_never_down(self, observer):
        observer.stop()
        self.assertGreater(observer.asked, 20)
        self.assertEqual([], observer.wrong)
        self.assertEqual(observer.pairs, observer.answered)

    def until_down(self, service, *apis):
        """Wait until a service that died is down."""
        for api in apis:
            self.eventually(
                lambda api=api: not api.service_is_up(service),
                f'{service.host} is down',
                within=3 * self.session_timeout,
            )

    def until_writing(self, writer):
        before = writer.acknowledged
        self.eventually(
            lambda: writer.acknowledged > before, 'changes are made again'
        )
