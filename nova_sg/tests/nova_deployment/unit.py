# SPDX-License-Identifier: Apache-2.0

"""What systemd does for a service of nova that has a drop-in.

It gives each start of the unit an invocation, and runs ``ExecStopPost`` with
the invocation when all processes of that start have ended. The lines come
from ``etc/systemd``::

    t=0  start: nova-compute runs, invocation A
    t=1  it is killed; stop_post runs with A
    t=2  start: nova-compute runs, invocation B
    t=3  stop_post with A, late: nothing changes
"""

import pathlib
import shlex
import sys
import uuid

import nova_sg
from nova_sg.tests.nova_deployment import processes
from nova_sg.tests.nova_deployment import ways

_UNITS = pathlib.Path(nova_sg.__file__).parent.parent / 'etc' / 'systemd'
_STOP_POST = 'ExecStopPost=-'
_BIN = '/opt/nova-sg/bin'
_CONF = '/etc/nova/nova.conf'

#: What systemd says of a main process that SIGKILL ended; systemd.exec(5).
_KILLED = {
    'SERVICE_RESULT': 'signal',
    'EXIT_CODE': 'killed',
    'EXIT_STATUS': 'KILL',
}


def invocation() -> dict[str, str]:
    """Return what systemd adds to the environment for one start of a unit."""
    return {'INVOCATION_ID': uuid.uuid4().hex}


def stop_post(
    way: ways.Way,
    name: str,
    host: str,
    process: processes.Process,
    invoked: dict[str, str],
) -> str:
    """Run ``ExecStopPost`` of a unit, and return what the journal gets.

    :param name: the unit, nova-compute for instance
    :param process: what it ran
    :param invoked: the environment which that start had
    :raises processes.Failed: the command failed; systemd ignores that
    """
    line = command(name)
    for there, here in (
        (_BIN, str(pathlib.Path(way.prefix or sys.prefix) / 'bin')),
        (_CONF, str(process.directory / 'nova.conf')),
        ('%H', host),
        ('${INVOCATION_ID}', invoked['INVOCATION_ID']),
    ):
        line = line.replace(there, here)
    return processes.run(shlex.split(line), {**invoked, **_KILLED})


def command(name: str) -> str:
    """Return the command of ``ExecStopPost`` in the drop-in of a unit."""
    drop_in = _UNITS / f'{name}.service.d' / 'nova-sg.conf'
    (line,) = (
        line
        for line in drop_in.read_text().splitlines()
        if line.startswith(_STOP_POST)
    )
    return line.removeprefix(_STOP_POST)
