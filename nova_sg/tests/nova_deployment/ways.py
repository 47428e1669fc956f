# SPDX-License-Identifier: Apache-2.0

"""With or without nova_sg: how a process of nova runs."""

import dataclasses
from importlib import metadata
import os
import sys
import sysconfig

from nova_sg.nova_tree import release
from nova_sg.tests.nova_deployment import processes


@dataclasses.dataclass(frozen=True)
class Way:
    """How a process of nova gets nova_sg.

    :param on: it has nova_sg
    :param by: ``run`` for nova-sg-run, ``conf`` for nova.conf alone
    :param prefix: the environment its programs are in; None for ours
    """

    on: bool
    by: str = 'run'
    prefix: str | None = None

    def command(self, name: str, *arguments: str) -> list[str]:
        """Return the command line of a command of nova."""
        wrapper = (
            [processes.program('nova-sg-run', self.prefix)]
            if self.on and self.by == 'run'
            else []
        )
        return [*wrapper, processes.program(name, self.prefix), *arguments]

    @property
    def release(self) -> int:
        """The release of the nova in its environment."""
        base = self.prefix or sys.prefix
        site = sysconfig.get_path(
            'purelib', vars={'base': base, 'platbase': base}
        )
        (nova,) = metadata.distributions(name='nova', path=[site])
        return int(nova.version.partition('.')[0])

    @property
    def api_on_threads(self) -> bool:
        """Whether the compute API runs on native threads."""
        said = os.environ.get('OS_NOVA_DISABLE_EVENTLET_PATCHING')
        if said is None:
            return self.release in release.API_ON_THREADS
        return said == 'true'

    @property
    def application(self) -> str:
        """The module of the compute API's WSGI application."""
        wrapped = self.on and self.by == 'run'
        return (
            f'{"nova_sg.nova_tree" if wrapped else "nova"}.wsgi.osapi_compute'
        )
