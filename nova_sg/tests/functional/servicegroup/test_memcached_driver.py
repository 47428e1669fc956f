# SPDX-License-Identifier: Apache-2.0

"""What the ``mc`` driver writes, what it refuses, and how it fails."""

import json
import socket
from urllib import parse
import uuid

from nova_sg import exception
from nova_sg.servicegroup import api as sg_api
from nova_sg.servicegroup.backends.memcached import cluster
from nova_sg.servicegroup.backends.memcached import server as server_
from nova_sg.servicegroup.backends.memcached import values
from nova_sg.tests.fixtures.servers import memcached
from nova_sg.tests.fixtures.servers import ports
from nova_sg.tests.functional.servicegroup import memcached_cell
from nova_sg.tests.functional.servicegroup import memcached_deployments

#: Keys whose values are random or a number.
PLAIN = 'epoch', 'begun', 'tick', 'trace', 'counting', 'told'


def keys_on(port: int) -> list[str]:
    """Return all keys that lie on a server."""
    with socket.create_connection((ports.HOST, port), 5) as client:
        client.sendall(b'lru_crawler metadump all\r\n')
        reply = b''
        while not reply.endswith(b'END\r\n'):
            more = client.recv(65536)
            assert more, 'memcached has closed the connection'
            reply += more
    return [
        parse.unquote(line.split()[0].removeprefix('key='))
        for line in reply.decode().splitlines()[:-1]
    ]


class TestValues(memcached_cell.RecordsTest):
    """What lies in memcached."""

    def test_everything_has_the_prefix_and_is_json_or_an_epoch(self) -> None:
        service = self.register('host1', topic='compute')
        handles = self.join(service)
        self.beat(*handles)
        self.api.destroy(self.context, self.register('host2').uuid)
        for key in keys_on(self.servers[0].port):
            self.assertTrue(key.startswith('nova-sg:'), key)
            value = self.client.get(key)
            if key.split(':')[1] not in PLAIN:
                self.assertEqual(1, json.loads(value)['format'], key)

    def test_fields_of_newer_members_are_kept(self) -> None:
        service = self.register('host1')
        (handle,) = self.join(service)
        key = memcached_cell.KEYS.member(service.uuid)
        value = json.loads(self.client.get(key))
        self.client.set(key, json.dumps({**value, 'shelf': 'left'}).encode())
        self.beat(handle)
        self.assertEqual('left', json.loads(self.client.get(key))['shelf'])

    def test_a_member_of_a_newer_format_is_unknown_not_dead(self) -> None:
        service = self.register('host1')
        (handle,) = self.join(service)
        self.assertTrue(self.api.service_is_up(service))
        key = memcached_cell.KEYS.member(service.uuid)
        for value in (b'{"format": 2}', b'no json', b'[]', b'{}'):
            self.client.set(key, value)
            alive = self.api.liveness(self.context, [service.uuid])
            self.assertTrue(alive[service.uuid].up, value)
            self.assertRaises(
                exception.ServiceGroupUnavailable,
                self.new_api().service_is_up,
                service,
            )
        self.beat(handle)
        self.assertTrue(self.new_api().service_is_up(service))

    def test_heartbeats_are_packed_where_that_is_configured(self) -> None:
        service = self.register('host1')
        (old,) = self.join(service)
        key = memcached_cell.KEYS.member(service.uuid)
        self.assertEqual(1, json.loads(self.client.get(key))['format'])
        packing = self.new_api(member_format=values.PACKED)
        (new,) = packing.join_many(self.context, [service])
        for beating, packed in ((new, True), (old, False), (new, True)):
            self.beat(beating)
            value = json.loads(self.client.get(key))
            self.assertEqual(packed, isinstance(value, list), value)
            for reader in (self.api, self.new_api()):
                alive = reader.liveness(self.context, [service.uuid])
                self.assertEqual(2, len(alive[service.uuid].members))
                self.assertTrue(reader.service_is_up(service))
        old.leave(self.context)
        self.assertTrue(self.new_api().service_is_up(service))
        new.leave(self.context)
        self.assertFalse(self.new_api().service_is_up(service))

    def test_a_value_too_long_is_refused_and_harms_nothing(self) -> None:
        server = cluster.get(self.api.conf).servers[0]
        server.set({'nova-sg:x': b'small'}, 0)
        self.assertRaises(
            exception.InvalidInput,
            server.set,
            {'nova-sg:x': b'x' * (server_.MAX_VALUE + 1)},
            0,
        )
        self.assertEqual(b'small', self.client.get('nova-sg:x'))

    def test_a_crashed_worker_is_not_shown_for_ever(self) -> None:
        service = self.register('host1')
        self.join(service)
        (handle,) = self.join(service)

        def members() -> int:
            self.beat(handle)
            alive = self.new_api().liveness(self.context, [service.uuid])
            return len(alive[service.uuid].members)

        self.assertEqual(2, members())
        self.eventually(lambda: members() == 1, 'the other one is gone')

    def test_a_restored_service_is_joined_again(self) -> None:
        service = self.register('host1')
        # A destroy that did not come to its end.
        self.api.driver.membership.forget(self.context, service.uuid)
        self.assertFalse(self.is_up(service))
        (handle,) = self.join(service)
        self.assertTrue(self.is_up(service))
        self.assertEqual([], self.beat(handle))


class TestRefused(memcached_cell.MemcachedCellTest):
    """A process that would look for members elsewhere does not start."""

    servers_wanted = 2

    def test_another_list_of_servers_is_refused(self) -> None:
        service = self.register('host1')
        first, second = (each.hosts for each in self.servers)
        for other in ([first], [second], [first, f'localhost:{first[-5:]}']):
            error = self.assertRaises(
                exception.InvalidConfiguration,
                self.new_api(servers=other).service_is_up,
                service,
            )
            self.assertIn('[memcached] servers', str(error))
            self.assertIn(f'{min(first, second)}, ', str(error))

    def test_another_order_is_the_same_list(self) -> None:
        services = [self.register(f'host{n}') for n in range(10)]
        hosts = [each.hosts for each in self.servers]
        there = self.new_api(servers=hosts)
        back = self.new_api(servers=hosts[::-1])
        there.join_many(self.context, services)
        alive = back.liveness(self.context, [each.uuid for each in services])
        self.assertEqual([True] * 10, [each.up for each in alive.values()])
        for server in self.servers:
            self.assertIn('member', ' '.join(keys_on(server.port)))

    def test_one_server_that_answers_is_enough_to_be_refused(self) -> None:
        self.register('host1')
        for victim in self.servers:
            victim.kill()
            conf = self.conf()
            conf.set_override('records', 'memcached', 'servicegroup')
            self.assertRaises(
                exception.DeploymentMismatch,
                sg_api.API(conf).liveness,
                self.context,
                [],
            )
            victim.start()
            self.api.liveness(self.context, [])
            memcached_deployments.look_old(victim.port, memcached_cell.KEYS)
            self.new_api().driver.membership.marker_store.claim(
                self.api.marker
            )

    def test_no_server_and_one_named_twice_are_refused(self) -> None:
        hosts = self.servers[0].hosts
        for servers in ([], [hosts, hosts]):
            self.assertRaises(
                exception.InvalidConfiguration, self.new_api, servers=servers
            )

    def test_a_service_down_time_of_a_month_is_refused(self) -> None:
        conf = self.conf()
        conf.set_override('service_down_time', 2592000, 'servicegroup')
        error = self.assertRaises(
            exception.InvalidConfiguration, sg_api.API, conf
        )
        self.assertIn('service_down_time', str(error))

    def test_what_is_no_memcached_is_unavailable(self) -> None:
        listener = socket.create_server((ports.HOST, 0))
        self.addCleanup(listener.close)
        port = listener.getsockname()[1]
        silent = self.new_api(servers=[f'{ports.HOST}:{port}'])
        self.assertRaises(
            exception.ServiceGroupUnavailable,
            silent.liveness,
            self.context,
            [str(uuid.uuid4())],
        )


class TestAway(memcached_cell.MemcachedCellTest):
    """No server can be reached, and records are in SQL."""

    def test_a_new_process_takes_no_deployment_for_empty(self) -> None:
        reader = self.new_api()
        self.assertEqual([], list(reader.list(self.context)[0]))
        self.servers[0].kill()
        self.assertRaises(
            exception.ServiceGroupUnavailable,
            self.new_api().list,
            self.context,
        )
        # This one has seen the deployment.
        self.assertEqual([], list(reader.list(self.context)[0]))

    def test_reading_records_does_not_wait_for_one_that_hangs(self) -> None:
        service = self.register('host1')
        reader = self.new_api()
        self.servers[0].pause()
        self.addCleanup(self.servers[0].resume)
        with memcached_deployments.count_requests() as requests:
            for _ in range(20):
                reader.get_by_uuid(self.context, service.uuid)
        self.assertEqual(1, requests())


class TestFull(memcached_cell.MemcachedCellTest):
    """A server that refuses to write is told from one that is out."""

    #: What is written stays there until the server is full.
    down_time = 600

    def test_a_beat_that_is_refused_is_an_error(self) -> None:
        self.servers[0].kill()
        tiny = self.useFixture(memcached.MemcachedServer(['-M', '-m', '2']))
        self.servers = [tiny]
        self.settle()
        api = self.api = self.new_api()
        service = self.register('host1')
        filler = memcached_deployments.client(tiny.port)
        with self.assertRaisesRegex(Exception, 'out of memory'):
            for number in range(10000):
                filler.set(f'filler{number}', b'x' * 200)
        for _ in range(2000):
            # The slab of its own size has some room left.
            try:
                api.join_many(self.context, [service])
            except exception.ServiceGroupUnavailable as error:
                self.assertIn('out of memory', str(error))
                break
        else:
            self.fail('nothing was refused')
        # It can still be asked.
        api.liveness(self.context, [service.uuid])
