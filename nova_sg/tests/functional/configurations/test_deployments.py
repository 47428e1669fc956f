# SPDX-License-Identifier: Apache-2.0

"""nova.conf as the tools write it that deploy an OpenStack.

Their options, with values for the servers of the tests. Each file also has
options of services that nova-sg is not, and of groups that it does not know.
"""

from nova_sg.tests.fixtures import identity
from nova_sg.tests.fixtures.servers import pgbouncer
from nova_sg.tests.fixtures.servers import ports
from nova_sg.tests.functional.configurations import base
from nova_sg.tests.functional.configurations import servers


class DeploymentTestCase(base.ConfigurationTestCase):
    vhost = ''

    def rabbit(self, *hosts):
        """Return a URL of the broker, at one host and port or another."""
        hosts = hosts or (f'{ports.HOST}:{self.broker.port}',)
        each = ','.join(f'{servers.credentials()}@{host}' for host in hosts)
        return f'rabbit://{each}/{self.vhost}'

    def mariadb(self, host=ports.HOST, query=''):
        """Return the URL of a new database."""
        name, port = self.make_mariadb(), servers.MARIADB.get().port
        return (
            f'mysql+pymysql://{servers.credentials()}@{host}:{port}/{name}'
            f'{query}'
        )


class TestKolla(DeploymentTestCase):
    """Endless retries, several brokers, tokens of keystone."""

    vhost = 'kolla'

    def setUp(self) -> None:
        super().setUp()
        self.identity = self.useFixture(
            identity.StubIdentity(f'http://{self.listen}:{self.port}/v2.1')
        )
        self.token, _known = self.identity.issue('admin')

    def test_it_serves(self):
        # The first of the brokers cannot be reached.
        url = self.rabbit(
            *(f'{ports.HOST}:{port}' for port in (1, self.broker.port))
        )
        self.assert_serves(
            {
                'DEFAULT': {
                    'transport_url': url,
                    'enabled_apis': 'osapi_compute,metadata',
                    'my_ip': ports.HOST,
                    'rpc_response_timeout': 60,
                },
                'api': {'auth_strategy': 'keystone'},
                'cache': {
                    'backend': 'oslo_cache.memcache_pool',
                    'enabled': True,
                    'memcache_servers': f'{ports.HOST}:11211',
                },
                'conductor': {'workers': 2},
                'database': {
                    'connection': self.mariadb(),
                    'connection_recycle_time': 10,
                    'max_pool_size': 50,
                    'max_overflow': 1000,
                    'max_retries': -1,
                },
                'keystone_authtoken': {
                    'service_type': 'compute',
                    'www_authenticate_uri': self.identity.url,
                    'auth_url': self.identity.url,
                    'auth_type': 'password',
                    'project_domain_id': 'default',
                    'user_domain_id': 'default',
                    'project_name': 'demo',
                    'username': 'nova',
                    'password': identity.PASSWORD,
                    'memcache_security_strategy': 'ENCRYPT',
                    'memcache_secret_key': 'a secret',
                    'memcached_servers': f'{ports.HOST}:11211',
                },
                'notifications': {'notify_on_state_change': 'vm_state'},
                'oslo_concurrency': {'lock_path': self.directory / 'locks'},
                'oslo_messaging_notifications': {
                    'transport_url': url,
                    'driver': 'messagingv2',
                    'topics': 'notifications',
                },
                'oslo_messaging_rabbit': {
                    'use_queue_manager': True,
                    'heartbeat_in_pthread': False,
                    'rabbit_quorum_queue': True,
                    'rabbit_transient_quorum_queue': True,
                    'rabbit_stream_fanout': True,
                    'rabbit_qos_prefetch_count': 1,
                },
                'oslo_policy': {
                    'enforce_scope': True,
                    'enforce_new_defaults': True,
                },
            }
        )

    def test_without_a_database_everything_answers_within_its_bound(self):
        self.write(
            'nova.conf',
            {
                'DEFAULT': {'transport_url': self.rabbit()},
                'api': {'auth_strategy': 'noauth2'},
                'database': {
                    'connection': 'mysql+pymysql://u:hush@127.0.0.1:1/nova',
                    'max_retries': -1,
                    'retry_interval': 600,
                    'pool_timeout': 600,
                },
            },
        )
        api = self.start('api')
        processes = [self.start('conductor'), self.start('agent')]
        listed = self.manage('service', 'list')
        self.assertEqual((5, ''), (listed.code, listed.out))
        for said in (listed.err, *(p.wait() and p.log for p in processes)):
            self.assertIn('is unavailable: ', said)
            self.assertNotIn('hush', said)
            self.assertNotIn('Traceback', said)
        self.assertEqual([5, 5], [each.exit_code for each in processes])
        self.wait_to_answer('/healthcheck')
        self.wait_to_answer('/healthcheck/backend', 503)
        self.assert_ends(api)


class TestTripleo(DeploymentTestCase):
    """IPv6 everywhere, and an option file of MariaDB's clients for TLS."""

    listen = servers.IPV6

    vhost = 'tripleo'

    def test_it_serves(self):
        option_file = self.write(
            'tripleo.cnf', {'tripleo': {'ssl-ca': servers.AUTHORITY.get().ca}}
        )
        self.assert_serves(
            {
                'DEFAULT': {
                    'transport_url': self.rabbit(
                        f'[{self.listen}]:{self.broker.port}'
                    )
                },
                'api': {'auth_strategy': 'noauth2', 'listen': self.listen},
                'database': {
                    'connection': self.mariadb(
                        f'[{self.listen}]',
                        f'?read_default_file={option_file}'
                        '&read_default_group=tripleo',
                    ),
                    'max_retries': -1,
                    'db_max_retries': -1,
                },
                'oslo_messaging_rabbit': {
                    'heartbeat_timeout_threshold': 60,
                    'amqp_durable_queues': True,
                },
            }
        )


class TestOperator(DeploymentTestCase):
    """TLS to the database and to the broker, and long names of hosts."""

    host = '.'.join(['c' * 62] * 4) + '.c'

    vhost = 'operator'

    def test_it_serves(self):
        self.assertEqual(253, len(self.host))
        ca = servers.AUTHORITY.get().ca
        self.assert_serves(
            {
                'DEFAULT': {
                    'transport_url': self.rabbit(
                        f'{ports.HOST}:{self.broker.tls_port}'
                    )
                    + '?ssl=1',
                    'host': self.host,
                },
                'database': {
                    'connection': self.mariadb(
                        query=f'?ssl_ca={ca}&ssl_check_hostname=true'
                    ),
                    'max_retries': -1,
                },
                'oslo_messaging_rabbit': {
                    'ssl_ca_file': ca,
                    'amqp_durable_queues': False,
                    'amqp_auto_delete': False,
                    'heartbeat_in_pthread': False,
                },
            },
            server=self.host,
        )


class TestHelm(DeploymentTestCase):
    """PostgreSQL with TLS, mirrored queues, and a ping for probes."""

    vhost = 'helm'

    def test_it_serves(self):
        port = servers.POSTGRESQL.get().port
        ca = servers.AUTHORITY.get().ca
        self.assert_serves(
            {
                'DEFAULT': {
                    'transport_url': self.rabbit(),
                    'rpc_ping_enabled': True,
                },
                'database': {
                    'connection': f'postgresql+psycopg2://nova_sg@localhost:'
                    f'{port}/{self.make_postgresql()}'
                    f'?sslmode=verify-full&sslrootcert={ca}',
                    'idle_timeout': 3600,
                    'max_retries': -1,
                },
                'oslo_concurrency': {'lock_path': '/var/lib/nova/tmp'},
                'oslo_messaging_rabbit': {'rabbit_ha_queues': True},
            }
        )


class TestPgbouncer(DeploymentTestCase):
    vhost = 'pgbouncer'

    def test_it_serves(self):
        bouncer = self.useFixture(
            pgbouncer.PgbouncerServer(
                servers.POSTGRESQL.get(), 'transaction', connections=4
            )
        )
        url = f'{bouncer.scheme}://nova_sg@{bouncer.hosts}'
        self.assert_serves(
            {
                'DEFAULT': {'transport_url': self.rabbit()},
                'database': {'connection': f'{url}/{self.make_postgresql()}'},
            }
        )
