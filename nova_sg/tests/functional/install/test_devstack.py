# SPDX-License-Identifier: Apache-2.0

"""The plugin for DevStack, with stubs of what DevStack gives it."""

import pathlib
import subprocess

import fixtures
from oslotest import base

import nova_sg
from nova_sg.tests.fixtures import commands
from nova_sg.tests.fixtures import shell

PLUGIN = pathlib.Path(nova_sg.__file__).parent.parent / 'devstack'

#: DevStack's functions: those with an effect note what they were called with.
STUBS = r"""
set -u
DEST=/opt/stack SERVICE_HOST=192.0.2.1
NOVA_CONF_DIR=$PWD NOVA_CONF=$PWD/nova.conf NOVA_CPU_CONF=$PWD/nova-cpu.conf
trueorfalse() { echo "${!2:-$1}"; }
is_service_enabled() { [[ $ENABLED == *" $1 "* ]]; }
install_package() { echo "install_package $*"; }
setup_develop() { echo "setup_develop $*"; }
die() { shift; echo "$*" >&2; exit 1; }
iniset() { echo "iniset ${1##*/} $2 $3 = $4"; }
iniadd() { echo "iniadd ${1##*/} $2 $3 = $4"; echo "$4" >>"$1"; }
iniget_multiline() { cat "$1"; }
for phase in pre-install install post-config post-config; do
    source "$PLUGIN/settings"
    source "$PLUGIN/plugin.sh" stack "$phase"
done
"""


class TestPlugin(base.BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.directory = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        for name in ('nova.conf', 'nova_cell1.conf'):
            (self.directory / name).touch()

    def run_phases(self, driver: str, enabled: str) -> tuple[int, list[str]]:
        result = subprocess.run(
            ['bash', '-c', STUBS],
            cwd=self.directory,
            env={
                'PATH': '/usr/bin:/bin',
                'PLUGIN': str(PLUGIN),
                'NOVA_SG_DRIVER': driver,
                'ENABLED': f' {enabled} ',
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=commands.PATIENCE,
        )
        return result.returncode, result.stdout.splitlines()

    def test_a_control_plane_gets_the_backend_and_each_file_the_driver(
        self,
    ) -> None:
        added = '[] oslo_messaging_notifications driver = nova_sg'
        self.assertEqual(
            (
                0,
                [
                    'install_package zookeeperd',
                    'setup_develop /opt/stack/nova-sg zookeeper',
                    added.replace('[]', 'iniadd nova.conf'),
                    'iniset nova.conf servicegroup driver = zk',
                    'iniset nova.conf zookeeper hosts = 192.0.2.1:2181',
                    added.replace('[]', 'iniadd nova_cell1.conf'),
                    'iniset nova_cell1.conf servicegroup driver = zk',
                    'iniset nova_cell1.conf zookeeper hosts = 192.0.2.1:2181',
                    # A second time nothing is added twice.
                    'iniset nova.conf servicegroup driver = zk',
                    'iniset nova.conf zookeeper hosts = 192.0.2.1:2181',
                    'iniset nova_cell1.conf servicegroup driver = zk',
                    'iniset nova_cell1.conf zookeeper hosts = 192.0.2.1:2181',
                ],
            ),
            self.run_phases('zk', 'nova n-api n-cpu'),
        )

    def test_a_further_compute_gets_no_backend(self) -> None:
        code, said = self.run_phases('mc', 'nova n-cpu')
        self.assertEqual(0, code)
        self.assertEqual('setup_develop /opt/stack/nova-sg memcached', said[0])
        self.assertIn(
            'iniset nova.conf memcached servers = 192.0.2.1:11211', said
        )

    def test_the_database_needs_no_package(self) -> None:
        code, said = self.run_phases('db', 'nova n-api')
        self.assertEqual(0, code)
        self.assertNotIn('install_package', ' '.join(said))

    def test_a_host_without_nova_is_left_alone(self) -> None:
        self.assertEqual((0, []), self.run_phases('zk', 'swift'))

    def test_another_driver_is_refused(self) -> None:
        code, said = self.run_phases('etcd', 'nova n-api')
        self.assertIn('NOVA_SG_DRIVER is zk, mc or db: etcd', said)

    def test_the_shell_is_clean(self) -> None:
        self.assertEqual(
            '', shell.complaints('plugin.sh', 'settings', directory=PLUGIN)
        )
