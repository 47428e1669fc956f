# SPDX-License-Identifier: Apache-2.0

"""Servers, while the computes of their hosts cannot be read."""

import copy
from typing import Any

from nova import objects
from nova import servicegroup
from nova.network import model as network_model
from nova.objects import base as objects_base
from nova.tests import fixtures as nova_fixtures
import testscenarios

from nova_sg import exception
from nova_sg.nova_tree import instances
from nova_sg.nova_tree import owner
from nova_sg.servicegroup import api as sg_api
from nova_sg.tests.nova_tree import api
from nova_sg.tests.nova_tree import base

load_tests = testscenarios.load_tests_apply_scenarios

#: Nothing listens there.
NOWHERE = '127.0.0.1:1'


class TestCase(api.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.useFixture(nova_fixtures.NeutronFixture(self))

    def make_server(self, host: str) -> Any:
        """Return a server on a host that is made, too."""
        self.make_host(host)
        flavor = objects.Flavor(
            id=1,
            flavorid='1',
            name='small',
            memory_mb=1,
            vcpus=1,
            root_gb=0,
            ephemeral_gb=0,
            swap=0,
            disabled=False,
            is_public=True,
            extra_specs={},
        )
        server = objects.Instance(
            self.in_cell('cell1'),
            project_id=nova_fixtures.PROJECT_ID,
            user_id='user',
            host=host,
            hostname=host,
            display_name=host,
            vm_state='active',
            config_drive='',
            instance_type_id=flavor.id,
            flavor=flavor,
            info_cache=objects.InstanceInfoCache(
                network_info=network_model.NetworkInfo()
            ),
        )
        server.create()
        objects.InstanceMapping(
            self.context,
            instance_uuid=server.uuid,
            project_id=server.project_id,
            cell_mapping=self.cell_mappings['cell1'],
            queued_for_delete=False,
        ).create()
        return server

    def read_server(self, server: Any) -> Any:
        return objects.Instance.get_by_uuid(
            server._context, server.uuid, expected_attrs=['services']
        )

    def have_a_worker_begin_in_an_outage(self) -> None:
        """Have this process know nothing, of a backend out of reach."""
        if self.driver == 'zk':
            self.flags(hosts=[NOWHERE], group='zookeeper')
            self.flags(request_timeout=0.5, group='zookeeper')
        else:
            self.flags(servers=[NOWHERE], group='memcached')
        self.stub_out('nova_sg.nova_tree.owner._api', None)
        if self.driver == 'zk':
            session = owner.get().driver.membership.session
            self.addCleanup(session.close)

    def statuses(self) -> dict[str | None, str | None]:
        """Return what a list tells of the host of each server."""
        listed = self.api.api_get('/servers/detail').body['servers']
        return {each.get('name'): each.get('host_status') for each in listed}


class TestServers(TestCase):
    scenarios = [*base.ELSEWHERE, *base.BESIDE]

    def assert_listed(self, count: int) -> None:
        hosts = [f'host{number}' for number in range(count)]
        for host in hosts:
            self.make_server(host)
        self.have_a_worker_begin_in_an_outage()
        for self.api.microversion in ('2.16', '2.69', '2.87'):
            self.assertEqual(dict.fromkeys(hosts, 'UNKNOWN'), self.statuses())

    def test_servers_of_one_host_are_listed(self):
        self.assert_listed(1)

    def test_servers_of_two_hosts_are_listed(self):
        self.assert_listed(2)

    def test_servers_of_many_hosts_are_listed(self):
        self.assert_listed(instances.FEW + 1)

    def test_a_server_is_shown(self):
        server = self.make_server('one')
        self.have_a_worker_begin_in_an_outage()
        for self.api.microversion in ('2.16', '2.69', '2.87'):
            shown = self.api.api_get(f'/servers/{server.uuid}').body['server']
            self.assertEqual(
                ('one', 'UNKNOWN'), (shown['name'], shown['host_status'])
            )

    def test_its_compute_is_neither_up_nor_down(self):
        server = self.make_server('one')
        self.have_a_worker_begin_in_an_outage()
        group = servicegroup.API()
        (compute,) = self.read_server(server).services
        self.assertRaises(
            exception.ServiceGroupUnavailable, group.service_is_up, compute
        )


class TestBeside(TestCase):
    """Records can be read: what an operator decided is shown."""

    scenarios = base.BESIDE

    def test_a_decision_needs_no_liveness(self):
        for host in ('one', 'two', 'three'):
            self.make_server(host)
        context = self.in_cell('cell1')
        for host, decision in (('two', 'disabled'), ('three', 'forced_down')):
            compute = objects.Service.get_by_compute_host(context, host)
            setattr(compute, decision, True)
            compute.save()
        self.have_a_worker_begin_in_an_outage()
        self.assertEqual(
            {'one': 'UNKNOWN', 'two': 'MAINTENANCE', 'three': 'DOWN'},
            self.statuses(),
        )


class TestStandIns(TestCase):
    """Records cannot be read either."""

    scenarios = base.ELSEWHERE

    def test_one_that_was_sent_or_copied_is_neither_up_nor_down(self):
        server = self.make_server('one')
        before = owner.get()
        self.have_a_worker_begin_in_an_outage()
        found = self.read_server(server)
        wire = objects_base.NovaObjectSerializer()
        sent = wire.deserialize_entity(
            self.context, wire.serialize_entity(self.context, found)
        )
        # Nor when the backend is back.
        self.stub_out('nova_sg.nova_tree.owner._api', before)
        group = servicegroup.API()
        for each in (found, copy.deepcopy(found), sent):
            (compute,) = each.services
            error = self.assertRaises(
                exception.ServiceGroupUnavailable, group.service_is_up, compute
            )
            self.assertIn('The compute of host one', str(error))
            group.get_updated_time(compute)
        (compute,) = self.read_server(server).services
        self.assertTrue(group.service_is_up(compute))

    def test_a_change_of_a_server_is_made(self):
        server = self.read_server(self.make_server('one'))
        self.have_a_worker_begin_in_an_outage()
        server.display_name = 'new'
        server.save()
        self.assertEqual('new', self.read_server(server).display_name)

    def test_hosts_are_not_asked_for_one_after_the_other(self):
        hosts = [f'host{number}' for number in range(5)]
        for host in hosts:
            self.make_server(host)
        self.have_a_worker_begin_in_an_outage()
        asked = self.count_reads()
        self.assertEqual(dict.fromkeys(hosts, 'UNKNOWN'), self.statuses())
        self.assertEqual(1, len(asked), asked)

    def test_an_unreadable_record_is_that_of_its_host_alone(self):
        for host in ('one', 'two'):
            self.make_server(host)
        error = exception.RecordUnreadable(where='host one', reason='rubbish')
        asked = self.count_reads(one=error)
        self.assertEqual({'one': 'UNKNOWN', 'two': 'UP'}, self.statuses())
        self.assertCountEqual(['one', 'two'], asked)
        self.assertIn('rubbish', self.stdlog.logger.output)

    def count_reads(self, **errors: Exception) -> list[str]:
        """Return the hosts whose computes are read from now on.

        :param errors: what becomes of reading, by host
        """
        asked = []
        get = sg_api.API.get_by_host_and_binary

        def counted(mine, context, host, binary):
            asked.append(host)
            if host in errors:
                raise errors[host]
            return get(mine, context, host, binary)

        self.stub_out(
            'nova_sg.servicegroup.api.API.get_by_host_and_binary', counted
        )
        return asked
