# SPDX-License-Identifier: Apache-2.0

"""Processes of nova that end with the script which started them."""

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
import os
import pathlib
import signal
import subprocess
import sys
import time

import fixtures

from nova_sg.tests.fixtures.servers import base
from nova_sg.tests.fixtures.servers import daemon

#: Seconds after which what does not come is taken for broken. Two cores may
#: be starting everything at once.
PATIENCE = 240.0

#: Seconds for a process to end by itself. nova-compute waits for its tasks.
_STOP = 240.0

_LOG_TAIL = 3000  # characters


class Failed(Exception):
    """The deployment does not do what it should."""


#: What a script reports in place of a traceback. The last holds one of the
#: others, where a fixture is set up by another.
ERRORS = (
    Failed,
    base.ServerFailed,
    daemon.MissingPackage,
    fixtures.MultipleExceptions,
    # The API does not answer.
    OSError,
)


def say(what: str) -> None:
    """Head the next step."""
    print(f'\n== {time.strftime("%H:%M:%S")} {what}', flush=True)


def environment(**more: str) -> dict[str, str]:
    """Return the environment of nova's processes and commands.

    No option of the caller's (``OS_SERVICEGROUP__DRIVER``) gets in.
    """
    wanted = ('HOME', 'OS_NOVA_DISABLE_EVENTLET_PATCHING', 'TMPDIR')
    return {
        **{name: os.environ[name] for name in wanted if name in os.environ},
        'PATH': os.environ.get('PATH', os.defpath),
        'LC_ALL': 'C.UTF-8',
        **more,
    }


def program(name: str, prefix: str | None = None) -> str:
    """Return the path of a program of an environment.

    :param prefix: the environment; None for ours
    """
    return str(pathlib.Path(prefix or sys.prefix) / 'bin' / name)


class Process:
    """A process of the deployment, with its log.

    :param name: what it is called in messages
    :param argv: the program and its arguments
    :param directory: where it runs, and its log goes
    :param variables: more of its environment
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        directory: pathlib.Path,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.directory = directory
        self._log = directory / f'{name}.log'
        self._daemon = daemon.Daemon(
            argv,
            directory=directory,
            log=self._log,
            environment=environment(**(variables or {})),
        )

    @property
    def pid(self) -> int:
        return self._daemon.pid

    @property
    def log(self) -> str:
        return self._log.read_text(errors='replace')

    def kill(self) -> None:
        self._daemon.kill()

    def pause(self) -> None:
        self._daemon.pause()

    def resume(self) -> None:
        self._daemon.resume()

    def stop(self) -> int | None:
        """Stop it as init would, and return its exit code."""
        self._daemon.stop(signal.SIGTERM, timeout=_STOP)
        return self._daemon.exit_code

    def wait(self) -> int:
        """Wait until it ends by itself, and return its exit code.

        :raises Failed: it does not
        """
        wait_until(
            f'{self.name} ends', lambda: self._daemon.exit_code is not None
        )
        return int(self._daemon.exit_code or 0)

    def check(self) -> None:
        """Make sure that it runs.

        :raises Failed: it has ended; with the end of its log
        """
        if (code := self._daemon.exit_code) is not None:
            raise Failed(
                f'{self.name} exited with {code}:\n{self.log[-_LOG_TAIL:]}'
            )


def run(
    argv: Sequence[str], variables: Mapping[str, str] | None = None
) -> str:
    """Run a command to its end, and return what it printed.

    :raises Failed: it failed; with what it printed
    """
    done = subprocess.run(
        argv,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=environment(**(variables or {})),
        check=False,
    )
    if done.returncode:
        raise Failed(
            f'{" ".join(argv)} exited with {done.returncode}:\n'
            + (done.stdout + done.stderr)[-_LOG_TAIL:]
        )
    return done.stdout


def wait_until(
    what: str,
    condition: Callable[[], bool],
    processes: Sequence[Process] = (),
    timeout: float = PATIENCE,
) -> float:
    """Wait for a condition, and return the seconds it took.

    :param processes: those that have to live meanwhile
    :raises Failed: it does not come, or a process ended
    """
    began = time.monotonic()
    while not condition():
        for process in processes:
            process.check()
        if time.monotonic() - began > timeout:
            logs = ''.join(
                f'\n-- {process.name}:\n{process.log[-_LOG_TAIL:]}'
                for process in processes
            )
            raise Failed(f'not within {timeout:g} s: {what}{logs}')
        time.sleep(0.05)
    return time.monotonic() - began
