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
NOVA_CONF_DIR=$PWD NOVA_CONF=$PWD/nova.conf NOVA_BIN_DIR=$PWD
NOVA_NUM_CELLS=1 NOVA_CPU_CELL=1 NOVA_SG_ZKCLI=zkcli
declare -A SYSTEMD_ENV_VARS
trueorfalse() { echo "${!2:-$1}"; }
define_plugin() { :; }
zkcli() { echo "zkcli $*"; return 1; }
is_service_enabled() { [[ $ENABLED == *" $1 "* ]]; }
install_package() { echo "install_package $*"; }
setup_develop() { echo "setup_develop $*"; }
die() { shift; echo "$*" >&2; exit 1; }
iniset() { echo "iniset ${1##*/} $2 $3 = $4"; }
iniadd() { echo "iniadd ${1##*/} $2 $3 = $4"; echo "$4" >>"$1"; }
iniget_multiline() { cat "$1"; }
set -e
for phase in $PHASES; do
    source "$PLUGIN/settings"
    source "$PLUGIN/plugin.sh" stack "$phase"
done
for unit in "${!SYSTEMD_ENV_VARS[@]}"; do
    echo "$unit ${SYSTEMD_ENV_VARS[$unit]#*PATH=}" | grep -o '^[^ ]*\|"OS_.*'
done
"""

CELL = '5a8a1d6c-0b8f-4a4d-9c55-0b9f1f6c2a41'

#: A table of cells, as nova prints it.
MANAGE = f"""#!/bin/sh
echo '|  Name |                 UUID                 | Transport URL |'
echo '| cell0 | 00000000-0000-0000-0000-000000000000 | none:/        |'
echo '| cell1 | {CELL} | rabbit:       |'
"""


class TestPlugin(base.BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.directory = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        for name in ('nova.conf', 'nova_cell1.conf'):
            (self.directory / name).touch()
        manage = self.directory / 'nova-manage'
        manage.write_text(MANAGE)
        manage.chmod(0o755)

    def run_phases(
        self,
        driver: str,
        enabled: str,
        phases: str = 'pre-install install post-config',
        **settings: str,
    ) -> tuple[int, list[str]]:
        result = subprocess.run(
            ['bash', '-c', STUBS],
            cwd=self.directory,
            env={
                'PATH': '/usr/bin:/bin',
                'PLUGIN': str(PLUGIN),
                'NOVA_SG_DRIVER': driver,
                'ENABLED': f' {enabled} ',
                'PHASES': phases,
                'CELLSV2_SETUP': 'superconductor',
                'VIRT_DRIVER': 'libvirt',
                **settings,
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
                    'zkcli -server 192.0.2.1:2181 deleteall /nova-sg',
                    added.replace('[]', 'iniadd nova.conf'),
                    'iniset nova.conf servicegroup driver = zk',
                    'iniset nova.conf zookeeper hosts = 192.0.2.1:2181',
                    added.replace('[]', 'iniadd nova_cell1.conf'),
                    'iniset nova_cell1.conf servicegroup driver = zk',
                    'iniset nova_cell1.conf zookeeper hosts = 192.0.2.1:2181',
                    f'iniset nova_cell1.conf servicegroup cell = {CELL}',
                    'n-cpu',
                    f'"OS_SERVICEGROUP__CELL={CELL}"',
                ],
            ),
            self.run_phases('zk', 'nova n-api n-cond n-cpu'),
        )

    def test_the_driver_is_added_once(self) -> None:
        _, said = self.run_phases(
            'mc', 'nova n-api n-cpu', phases='post-config post-config'
        )
        self.assertEqual(2, sum(each.startswith('iniadd') for each in said))

    def test_one_conductor_shares_the_cell_of_all(self) -> None:
        code, said = self.run_phases(
            'zk', 'nova n-api n-cond n-cpu', CELLSV2_SETUP='singleconductor'
        )
        self.assertEqual(0, code, said)
        self.assertEqual(
            f'iniset nova.conf servicegroup cell = {CELL}', said[-1]
        )

    def test_each_compute_of_novas_fake_driver_has_a_cell(self) -> None:
        _, said = self.run_phases(
            'zk',
            'nova n-api n-cpu',
            VIRT_DRIVER='fake',
            NUMBER_FAKE_NOVA_COMPUTE='2',
        )
        self.assertEqual(
            {'n-cpu-1', 'n-cpu-2', f'"OS_SERVICEGROUP__CELL={CELL}"'},
            set(said[-4:]),
        )

    def test_a_further_compute_gets_no_backend(self) -> None:
        code, said = self.run_phases('mc', 'nova n-cpu')
        self.assertEqual(0, code)
        self.assertEqual('setup_develop /opt/stack/nova-sg memcached', said[0])
        self.assertIn(
            'iniset nova.conf memcached servers = 192.0.2.1:11211', said
        )

    def test_a_further_compute_is_told_its_cell(self) -> None:
        code, said = self.run_phases('zk', 'nova n-cpu', NOVA_SG_CELL=CELL)
        self.assertEqual(0, code, said)
        self.assertEqual(f'"OS_SERVICEGROUP__CELL={CELL}"', said[-1])

    def test_a_further_compute_without_its_cell_is_refused(self) -> None:
        code, said = self.run_phases('zk', 'nova n-cpu')
        self.assertNotEqual(0, code)
        self.assertIn('set NOVA_SG_CELL', said[-1])

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
