# SPDX-License-Identifier: Apache-2.0

"""A move of services that is killed at a certain point.

For a process of its own: ``python -m nova_sg.tests.functional.cmd.cut_off
SOURCE TARGET POINT [UUID]``. The environment is the configuration. The service
with the UUID is disabled in the source when the first copy is made.
"""

import os
import signal
import sys
from typing import Any

from nova_sg import conf as sg_conf
from nova_sg import context as sg_context
from nova_sg.servicegroup import api as sg_api
from nova_sg.servicegroup import migration
from nova_sg.tests.functional.cmd import migrations

#: The source is closed, and what changed last is not copied yet.
CLOSED = 'closed'

#: All is copied, and the target is not open yet.
COPIED = 'copied'


def main(source: str, target: str, point: str, uuid: str | None = None) -> int:
    """Move services, and be killed."""
    move: Any = migration.Migration(
        lambda: sg_conf.load([]),
        migration.Place.parse(source),
        migration.Place.parse(target),
    )

    def progress(done: int, total: int) -> None:
        if done == total and uuid is not None:
            api = sg_api.API(migrations.configured(sg_conf.load([]), source))
            api.update(
                sg_context.get_admin_context(), uuid, {'disabled': True}
            )

    if point == CLOSED:
        move._source.records.settle = _kill
    else:
        move._markers.open_target = _kill
    move.run(progress)
    return 1


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
