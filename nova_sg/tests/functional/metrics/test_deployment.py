# SPDX-License-Identifier: Apache-2.0

"""What metrics tell of all services."""

import errno
import math
import os

import fixtures

from nova_sg import exception
from nova_sg import instruments
from nova_sg.metrics import deployment
from nova_sg.metrics import place
from nova_sg.tests.fixtures import rest
from nova_sg.tests.fixtures import scrape
from nova_sg.tests.fixtures import statements
from nova_sg.tests.functional.api import base

SERVICES = 'nova_sg_services'
AGE = 'nova_sg_knowledge_age_seconds'


class Noted(instruments.Instruments):
    """Notes the changes of states, and whether the backend answered."""

    def __init__(self) -> None:
        self.changes: list[tuple[str, str, str, int]] = []
        self.answered: list[bool] = []

    def verdict_changed(
        self, before: str, after: str, reason: str, count: int
    ) -> None:
        self.changes.append((before, after, reason, count))

    def backend_answered(self, answered: bool) -> None:
        self.answered.append(answered)


class TestDeployment(base.RestTestCase):
    fixture = rest.Rest

    def setUp(self) -> None:
        super().setUp()
        self.place = place.Place(self.useFixture(fixtures.TempDir()).path)
        self.noted = Noted()
        self.addCleanup(instruments.use, instruments.NONE)
        instruments.use(self.noted)
        self.useFixture(fixtures.MonkeyPatch(f'{_MODULE}.FRESH', -1.0))

    def worker(self, per_service=False):
        """Return what one worker of several shows."""
        return deployment.Deployment(self.place, per_service=per_service)

    def scrape(self, worker=None):
        shown = worker or self.worker()
        return scrape.Scrape(shown.text().decode())

    def test_each_service_is_counted_once_where_it_belongs(self):
        self.cloud.service('c1')
        self.cloud.service('c2').forced_down = True
        self.cloud.service('s1', 'nova-scheduler', 'scheduler')
        two = self.cloud.service('c3')
        two.disabled = True
        two.save()
        self.cloud.api.inventory.set_zone('c1', 'az "1"')
        found = self.scrape()
        self.assertEqual(4, found.value(SERVICES))
        self.assertEqual(1, found.value(SERVICES, zone='az "1"'))
        self.assertEqual(
            1,
            found.value(
                SERVICES,
                binary='nova-scheduler',
                zone='internal',
                state='up',
                status='enabled',
            ),
        )
        self.assertEqual(1, found.value(SERVICES, status='disabled'))

    def test_one_that_never_beats_is_in_no_count(self):
        self.cloud.service('c1')
        self.cloud.service('ctl', 'nova-osapi_compute', None, version=66)
        self.cloud.api.leave_all(self.cloud.context)
        found = self.scrape(self.worker(per_service=True))
        self.assertEqual(1, found.value(SERVICES))
        (shown,) = found.labels('nova_sg_service_up')
        self.assertEqual('c1', shown['host'])
        # nova asks for the lowest version of it, too.
        name = 'nova_sg_minimum_version'
        self.assertEqual(66, found.value(name, binary='nova-osapi_compute'))

    def test_a_forced_service_is_down_for_that_reason(self):
        service = self.cloud.service('c1')
        service.forced_down = True
        service.save()
        found = self.scrape()
        self.assertEqual(
            [('down', 'forced')],
            [(e['state'], e['reason']) for e in found.labels(SERVICES)],
        )

    def test_a_service_that_is_down_has_its_reason(self):
        self.cloud.service('c1').destroy()
        made = self.cloud.service('c2')
        with statements.StatementCounter() as before:
            self.scrape()
        self.cloud.api.leave_all(self.cloud.context)
        self.assertFalse(made.is_up)
        with statements.StatementCounter() as after:
            found = self.scrape()
        self.assertEqual(
            1, found.value(SERVICES, state='down', reason='stopped')
        )
        self.assertEqual(len(before) + 1, len(after), after)

    def test_the_minimum_version_leaves_out_what_is_forced_down(self):
        low = self.cloud.service('c2', version=61)
        self.cloud.service('c1', version=67)
        name = 'nova_sg_minimum_version'
        self.assertEqual(61, self.scrape().value(name))
        low.forced_down = True
        low.save()
        self.assertEqual(67, self.scrape().value(name, binary='nova-compute'))

    def test_how_the_deployment_is_configured(self):
        self.assertEqual(
            [{'driver': 'db', 'records': 'sql', 'format': '1'}],
            self.scrape().labels('nova_sg_deployment_info'),
        )

    def test_hosts_are_named_only_where_that_is_asked_for(self):
        self.cloud.service('c1')
        self.assertNotIn('c1', self.worker().text().decode())
        found = self.scrape(self.worker(per_service=True))
        self.assertEqual(1, found.value('nova_sg_service_up', host='c1'))

    def test_whatever_is_in_a_name_is_a_label(self):
        name = 'a"b\\c,d{}é'
        self.cloud.service('c1', f'nova-{name}', None)
        found = self.scrape()
        self.assertEqual(1, found.value(SERVICES, binary=f'nova-{name}'))

    def test_a_scrape_costs_one_list_and_a_second_one_none(self):
        for number in range(20):
            self.cloud.service(f'c{number}')
        self.useFixture(fixtures.MonkeyPatch(f'{_MODULE}.FRESH', 3600.0))
        with statements.StatementCounter() as counted:
            self.scrape()
        self.assertLessEqual(len(counted), 3, counted)
        with statements.StatementCounter() as counted:
            self.scrape()
        self.assertEqual(0, len(counted), counted)

    def test_changes_are_counted_once_by_whichever_worker_lists(self):
        services = [self.cloud.service(f'c{number}') for number in range(3)]
        workers = [self.worker() for _ in range(3)]
        for each in workers:
            each.text()
        self.assertEqual([], self.noted.changes)
        services[0].forced_down = True
        services[0].save()
        services[1].destroy()
        self.cloud.service('c9')
        for each in workers:
            each.text()
        self.assertEqual([('up', 'down', 'forced', 1)], self.noted.changes)
        services[0].forced_down = False
        services[0].save()
        for each in reversed(workers):
            each.text()
        self.assertEqual(('down', 'up', '', 1), self.noted.changes[-1])
        self.assertEqual(2, len(self.noted.changes))

    def test_a_backend_that_is_away_leaves_the_states_as_they_were(self):
        self.cloud.service('c1')
        before = self.scrape()
        self.assertEqual(0, before.value(AGE))
        self.cut_off()
        found = self.scrape()
        self.assertEqual(1, found.value(SERVICES, state='up'))
        self.assertEqual(1, found.value(SERVICES))
        self.assertGreater(found.value(AGE), 0)
        self.assertFalse(self.noted.answered[-1])
        self.assertEqual([], self.noted.changes)
        self.assertNotIn('sqlite', found.text)

    def test_an_answer_without_room_is_no_backend_that_is_away(self):
        service = self.cloud.service('c1')
        worker = self.worker()
        self.scrape(worker)
        service.forced_down = True
        service.save()
        log = self.useFixture(fixtures.FakeLogger(format='%(message)s'))
        full = 'pathlib.Path.write_bytes'
        with fixtures.MockPatch(full, side_effect=no_room):
            found = self.scrape(worker)
            self.scrape(worker)
        (line,) = log.output.splitlines()
        self.assertIn('No space left on device', line)
        self.assertTrue(self.noted.answered[-1])
        # What could be written last, with its age.
        self.assertEqual(1, found.value(SERVICES, state='up'))
        self.assertGreater(found.value(AGE), 0)
        self.scrape(worker)
        # Counted once, however often it was found.
        self.assertEqual([('up', 'down', 'forced', 1)], self.noted.changes)

    def test_with_nothing_known_there_is_nothing_to_show(self):
        self.cut_off()
        found = self.scrape()
        self.assertTrue(math.isnan(found.value(SERVICES)))
        self.assertTrue(math.isnan(found.value(AGE)))
        self.assertEqual(1, found.value('nova_sg_deployment_info'))

    def test_a_backend_that_hangs_keeps_no_scrape_waiting(self):
        self.cloud.service('c1')
        self.scrape()
        self.useFixture(fixtures.MonkeyPatch(f'{_MODULE}.PATIENCE', 0.0))
        with self.place.locked('deployment.lock'):
            found = self.scrape()
        self.assertEqual(1, found.value(SERVICES, state='up'))

    def test_the_first_scrapes_wait_for_one_list_and_no_longer(self):
        self.useFixture(fixtures.MonkeyPatch(f'{_MODULE}.PATIENCE', 0.2))
        with self.place.locked('deployment.lock'):
            # In this very process, as under eventlet.
            found = self.scrape()
            self.assertTrue(math.isnan(found.value(SERVICES)))

    def cut_off(self) -> None:
        def unavailable(*_args, **_kwargs):
            raise exception.ServiceGroupUnavailable(
                backend='sqlite://', reason='it is away'
            )

        self.useFixture(
            fixtures.MockPatchObject(
                self.cloud.api.driver, 'list', unavailable
            )
        )


def no_room(*_args):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


_MODULE = deployment.__name__
