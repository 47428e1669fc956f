#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""Takes the pictures of the page for the documentation.

Run it where the tests run: ``.venv-test/bin/python tools/screenshots.py``. It
needs Pillow, which the group ``benchmark`` brings.
"""

import datetime
import io
import pathlib
import sys
import time
from typing import Any

from PIL import Image

TOP = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP))

from nova_sg.api.dashboard import board  # noqa: E402
from nova_sg.servicegroup.history import entry  # noqa: E402
from nova_sg.tests.fixtures import browser  # noqa: E402
from nova_sg.tests.functional.dashboard import pages  # noqa: E402

PLACE = TOP / 'doc/source/admin/dashboard'

NOW = datetime.datetime.now(datetime.UTC)
UP, DOWN = entry.Standing('up'), entry.Standing('down')

#: By rack and number: reason, minutes ago, why disabled, forced down.
TROUBLES: dict[tuple[int, int], tuple[str, int, str | None, bool]] = {
    (3, 17): ('silent', 4, None, False),
    (3, 18): ('silent', 4, None, False),
    (9, 5): ('wedged', 21, None, False),
    (14, 30): ('forced', 48, 'evacuated, board is replaced', True),
    (1, 1): ('stopped', 95, 'kernel update', False),
    (22, 8): ('', 300, 'new disks', False),
}


class Deployment(pages.Board):
    """Thirty racks of forty hosts, and what becomes of them."""

    def __init__(self) -> None:
        super().__init__(
            [self._row(r, n) for r in range(30) for n in range(40)]
        )

    @staticmethod
    def _row(rack: int, number: int) -> board.Row:
        name = f'cmp-{number:02}.rack{rack:02}.example.org'
        reason, minutes, why, forced = TROUBLES.get(
            (rack, number), ('', 0, None, False)
        )
        return board.Row(
            *(f'5c0e3f5a-{rack:04}-4d1e-9b57-3e2f00b4{number:04}', name),
            *('nova-compute', f'zone-{rack % 3 + 1}'),
            *('down' if reason else 'up', reason),
            NOW - datetime.timedelta(minutes=minutes, seconds=7),
            *(why is not None, why, forced),
        )

    def host(self, context: Any, name: str) -> list[dict[str, Any]]:
        registered = NOW - datetime.timedelta(days=40)
        return [
            {**each, 'last_seen': each['since'], 'created_at': registered}
            for each in super().host(context, name)
        ]

    def history(self, context: Any, name: str) -> list[entry.Entry]:
        moments = [NOW - datetime.timedelta(hours=h) for h in (40, 38, 0.352)]
        changes = [
            (UP, DOWN, 'silent'),
            (DOWN, UP, None),
            (UP, DOWN, 'wedged'),
        ]
        return [
            entry.Entry(
                *('u', number, name, 'nova-compute', at, before, after),
                *(why, 'ctl-1:4711'),
            )
            for number, (at, (before, after, why)) in enumerate(
                zip(moments, changes, strict=True)
            )
        ]


def main() -> None:
    with (
        pages.PageServer(Deployment(), name='region-one') as served,
        browser.Browser() as made,
    ):
        driver = made.driver

        def emulate(scheme: str, width: int, height: int) -> None:
            made.command(
                'Emulation.setEmulatedMedia',
                features=[{'name': 'prefers-color-scheme', 'value': scheme}],
            )
            made.command(
                'Emulation.setDeviceMetricsOverride',
                width=width,
                height=height,
                deviceScaleFactor=1,
                mobile=width < 600,
            )

        def take(name: str) -> None:
            time.sleep(1)
            picture = Image.open(io.BytesIO(driver.get_screenshot_as_png()))
            few = picture.convert('RGB').quantize(96, dither=Image.Dither.NONE)
            few.save(PLACE / f'{name}.png', optimize=True)

        emulate('light', 1200, 980)
        driver.get(served.url)
        time.sleep(1)
        driver.execute_script(
            'document.querySelector("[name=user]").value = "admin";'
            'document.querySelector("#login button").click()'
        )
        time.sleep(2)
        take('overview')
        driver.execute_script(
            'location.hash = "host=cmp-05.rack09.example.org"'
        )
        emulate('dark', 1200, 700)
        take('host')
        driver.execute_script(
            'document.querySelector("[data-action=force-down]").click()'
        )
        take('confirm')
        driver.execute_script(
            'document.getElementById("cancel").click(); location.hash = ""'
        )
        emulate('light', 375, 760)
        take('phone')


if __name__ == '__main__':
    main()
