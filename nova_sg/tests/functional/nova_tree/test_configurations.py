# SPDX-License-Identifier: Apache-2.0

"""nova.conf as deployment tools write it, with nova_sg switched on there."""

import subprocess

import testscenarios

from nova_sg.tests.fixtures import commands
from nova_sg.tests.fixtures import long
from nova_sg.tests.functional.configurations import servers
from nova_sg.tests.functional.nova_tree import base
from nova_sg.tests.functional.nova_tree import cells

load_tests = testscenarios.load_tests_apply_scenarios

# Options, not files: what the tools write beside addresses and passwords, as
# far as SQLite takes them (it has no pool_timeout).

KOLLA_AND_TRIPLEO = """\
[DEFAULT]
transport_url = {broker}
log_dir = {directory}
state_path = {directory}
my_ip = 127.0.0.1
allow_resize_to_same_host = true
[conductor]
workers = 1
[database]
connection_recycle_time = 10
max_pool_size = 1
max_overflow = 1000
max_retries = -1
[api_database]
max_retries = -1
[cache]
backend = oslo_cache.memcache_pool
enabled = True
memcache_servers = 127.0.0.1:9
[oslo_messaging_notifications]
transport_url = {broker}
driver = noop
driver = nova_sg
[oslo_messaging_rabbit]
heartbeat_in_pthread = false
amqp_durable_queues = true
rabbit_quorum_queue = true
[oslo_concurrency]
lock_path = {directory}/tmp
[upgrade_levels]
compute = auto
conductor = auto
"""

OPENSTACK_ANSIBLE = """\
[DEFAULT]
transport_url = {broker}
executor_thread_pool_size = 64
rpc_response_timeout = 60
log_file = {directory}/log
state_path = {directory}
service_down_time = 60
[conductor]
workers = 1
[database]
max_overflow = 50
max_pool_size = 5
connection_recycle_time = 600
[oslo_messaging_rabbit]
heartbeat_in_pthread = True
rabbit_quorum_queue = True
rabbit_transient_quorum_queue = True
rabbit_stream_fanout = True
rabbit_qos_prefetch_count = 1
use_queue_manager = True
[oslo_concurrency]
lock_path = {directory}/lock
[oslo_messaging_notifications]
driver = nova_sg
[cache]
enabled = true
backend = oslo_cache.memcache_pool
memcache_servers = 127.0.0.1:9
"""

DEVSTACK_HELM_AND_OPERATORS = """\
[DEFAULT]
transport_url = {broker}
debug = True
use_journal = False
logging_context_format_string = %(color)s%(levelname)s %(message)s
graceful_shutdown_timeout = 5
state_path = {directory}
instances_path = {directory}/instances
osapi_compute_workers = 1
metadata_workers = 1
[conductor]
workers = 1
[database]
max_retries = -1
[oslo_messaging_notifications]
driver = messagingv2
driver = nova_sg
[notifications]
notification_format = both
[oslo_concurrency]
lock_path = {directory}
[oslo_messaging_rabbit]
rabbit_ha_queues = true
rabbit_quorum_queue = false
[workarounds]
skip_cpu_compare_on_dest = true
"""

_OURS = """\
[servicegroup]
driver = db
"""

#: Where nova-manage reads the files, too. That a conductor beats says already
#: that a nova with nova_sg can read them.
_LISTED = long.matrix(['tree-kolla'], ['tree-ansible', 'tree-devstack'])

_BEATEN = 'SELECT COUNT(*) FROM services WHERE last_seen_up IS NOT NULL'


class TestConfigurations(base.TestCase):
    scenarios = [
        (vhost, {'vhost': vhost, 'text': text})
        for vhost, text in (
            ('tree-kolla', KOLLA_AND_TRIPLEO),
            ('tree-ansible', OPENSTACK_ANSIBLE),
            ('tree-devstack', DEVSTACK_HELM_AND_OPERATORS),
        )
    ]

    def has_beaten(self) -> bool:
        with self.cell.connect() as cell:
            return bool(cell.execute(_BEATEN).fetchone()[0])

    def test_a_conductor_serves_and_nova_manage_lists_it(self):
        self.cell.configure(
            self.text.format(
                broker=f'rabbit://{servers.credentials()}@'
                f'{servers.BROKER.get().hosts}/{self.vhost}',
                directory=self.cell.directory,
            )
        )
        self.cell.configure(_OURS, 'nova-sg.conf')
        files = ('--config-file', 'nova.conf', '--config-file', 'nova-sg.conf')
        # By the driver in nova.conf, without nova-sg-run.
        conductor = subprocess.Popen(
            [str(self.tree / 'venv/bin/nova-conductor'), *files],
            cwd=self.cell.directory,
            env=self.cell.environment(**base.THREADS),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.addCleanup(conductor.wait)
        self.addCleanup(conductor.kill)
        commands.wait_until(
            lambda: conductor.poll() is not None or self.has_beaten(),
            'nova-conductor beats',
            cells.PATIENCE,
        )
        self.assertIsNone(conductor.poll())
        if self.vhost in _LISTED:
            listed = self.cell.run(
                *('nova-sg-run', 'nova-manage', *files, 'service', 'list'),
                **base.THREADS,
            )
            self.assertEqual(0, listed.returncode, listed)
            self.assertRegex(listed.stdout, r'nova-conductor .* up ')
        conductor.terminate()
        conductor.wait(60)
