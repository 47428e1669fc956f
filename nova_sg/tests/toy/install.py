# SPDX-License-Identifier: Apache-2.0

"""The toy's distribution, installed."""

import pathlib
import sys
import tomllib

import fixtures
import stevedore

from nova_sg.tests.fixtures.servers import directories
from nova_sg.tests.fixtures.servers import shared

SOURCE = pathlib.Path(__file__).parent / 'distribution'


class Installed(fixtures.Fixture):
    """The toy where Python finds distributions, for this process.

    Does what an installer does: the package and its metadata, with the entry
    points of its ``pyproject.toml``, lie in a directory of ``sys.path``.

    :ivar directory: that directory, which other processes may take into
        their ``PYTHONPATH``
    """

    directory: str

    def _setUp(self) -> None:
        root = directories.temporary_root()
        self.directory = self.useFixture(fixtures.TempDir(root)).path
        project = tomllib.loads((SOURCE / 'pyproject.toml').read_text())
        self._install(pathlib.Path(self.directory), project['project'])
        sys.path.append(self.directory)
        self.addCleanup(sys.path.remove, self.directory)
        # What stevedore has found before is not looked for again.
        stevedore.ExtensionManager.ENTRY_POINT_CACHE.clear()

    def _install(self, site: pathlib.Path, project: dict[str, dict]) -> None:
        package = project['name'].replace('-', '_')
        (site / package).symlink_to(SOURCE / package)
        info = site / f'{package}-{project["version"]}.dist-info'
        info.mkdir()
        (info / 'METADATA').write_text(
            'Metadata-Version: 2.1\n'
            f'Name: {project["name"]}\n'
            f'Version: {project["version"]}\n'
        )
        with (info / 'entry_points.txt').open('w') as entry_points:
            for group, entries in project['entry-points'].items():
                entry_points.write(f'[{group}]\n')
                for name, place in entries.items():
                    entry_points.write(f'{name} = {place}\n')


INSTALLED = shared.Shared(Installed)
