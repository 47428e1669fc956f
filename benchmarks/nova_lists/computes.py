# SPDX-License-Identifier: Apache-2.0

"""The computes of a variant, which live in a process of their own."""

from collections.abc import Iterator
import contextlib
import importlib
import subprocess
import sys
from typing import Any

from nova_sg.tests.nova_deployment import ways


def service_version() -> int:
    """Return the version that nova's services have."""
    version: int = importlib.import_module(
        'nova.objects.service'
    ).SERVICE_VERSION
    return version


@contextlib.contextmanager
def alive(number: int) -> Iterator[None]:
    """Let computes be alive; the process inherits the environment."""
    with subprocess.Popen(
        [sys.executable, '-m', __name__, str(number)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        if 'joined' not in map(str.strip, process.stdout or ()):
            raise RuntimeError('the computes did not join')
        yield
        process.communicate()


def join(number: int) -> None:
    """Register the computes with the backend, and live until told to end."""
    way = ways.Way(on=True)
    importlib.import_module(way.application)
    owner = importlib.import_module('nova_sg.nova_tree.owner').get()
    contexts = importlib.import_module('nova_sg.context')
    context = contexts.get_admin_context()
    # Where they are rows of nova's table they are there.
    records, _ = owner.list(context, binary='nova-compute')
    owner.join_many(context, records or create(owner, context, number))
    print('joined', flush=True)
    sys.stdin.read()


def create(owner: Any, context: Any, number: int) -> list[Any]:
    version = service_version()
    return [
        owner.create(
            context,
            {
                'host': f'host-{index:06d}',
                'binary': 'nova-compute',
                'topic': 'compute',
                'version': version,
            },
        )
        for index in range(number)
    ]


if __name__ == '__main__':
    wanted = int(sys.argv[1])
    # nova takes the command line of the process for its own.
    sys.argv[1:] = []
    join(wanted)
