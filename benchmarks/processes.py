# SPDX-License-Identifier: Apache-2.0


"""Real processes of both: what they run, and how they end."""

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
import os
import pathlib
import signal
import subprocess
import sys


class Ended(Exception):
    """A process ended that was to run; the message has what it said."""


def agent(host: str) -> list[str]:
    """Return the command line of nova-sg-agent for a host.

    It is no nova-compute: stock nova, which meets it in the same table,
    would not start beside computes as old as that one says it is.
    """
    return [
        *(sys.executable, '-m', 'nova_sg.cmd.agent'),
        *('--host', host, '--binary', 'nova-console'),
    ]


def nova_conductor(python: str, conf: pathlib.Path, host: str) -> list[str]:
    """Return the command line of nova-conductor on a host.

    :param python: the interpreter of nova's environment
    :param conf: the options of the deployment; those of the host go into a
        file beside it
    """
    own = conf.with_name(f'{host}.conf')
    own.write_text(f'[DEFAULT]\nhost = {host}\n')
    return [
        str(pathlib.Path(python).with_name('nova-conductor')),
        *('--config-file', str(conf)),
        *('--config-file', str(own)),
    ]


@contextlib.contextmanager
def running(
    argv: Sequence[str], environment: Mapping[str, str], log: pathlib.Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process in a group of its own, and kill the group in the end."""
    with log.open('wb') as output:
        process = subprocess.Popen(
            argv,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            # nova-conductor has a worker: both end, as systemd ends both.
            start_new_session=True,
        )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
