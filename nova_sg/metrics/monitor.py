# SPDX-License-Identifier: Apache-2.0

"""What a process without a WSGI server shows of itself, and how.

::

    monitor = Monitor(conf, 'nova-sg-agent')    # refuses what cannot work
    ...                                         # fork
    monitor.begin()                             # in each worker
    ...
    monitor.end()
    monitor.remove()                            # where it was made
"""

import pathlib
import socket
from typing import TYPE_CHECKING

from oslo_config import cfg

from nova_sg import metrics
from nova_sg.metrics import place as sg_place
from nova_sg.metrics import textfile as sg_textfile

if TYPE_CHECKING:
    from nova_sg.metrics import health
    from nova_sg.metrics import listener
    from nova_sg.objects import overview


class Monitor:
    """The port of a program, or its file for node_exporter, or neither.

    :param textfile: the file of its command line; None: as configured
    :raises InvalidConfiguration: what is asked for cannot be had
    """

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        program: str,
        textfile: str | None = None,
    ) -> None:
        self._conf = conf
        self._program = program
        self._file = self._textfile(textfile)
        self._counts = metrics.wanted(conf, program) is not None
        metrics.check(metrics.wanted(conf, program))
        if self._file is not None:
            option = '--textfile' if textfile else '[monitoring] textfiles'
            metrics.check(option)
            sg_textfile.check(self._file, option)
        self._socket = self._listen()
        #: None where nothing probes it.
        self.health = self._health()
        self._place: sg_place.Place | None = None
        if self._socket is not None or self._file is not None:
            self._place = sg_place.Place.make()
        self._running: list[listener.Listener | sg_textfile.TextFile] = []

    def _textfile(self, path: str | None) -> pathlib.Path | None:
        if path is not None:
            return pathlib.Path(path)
        directory = self._conf.monitoring.textfiles
        if not directory:
            return None
        name = f'{self._program}{sg_textfile.SUFFIX}'
        return pathlib.Path(directory, name)

    def _listen(self) -> socket.socket | None:
        port = metrics.port(self._conf, self._program)
        if port is None:
            return None
        # Imported here: a process that opens no port needs no server.
        from nova_sg.metrics import listener

        return listener.listen(self._conf, port)

    def _health(self) -> 'health.Health | None':
        if self._socket is None:
            return None
        from nova_sg.metrics import health

        down_time = self._conf.servicegroup.service_down_time
        return health.Health(max(down_time, health.LEAST_PATIENCE))

    def begin(self, source: 'overview.Source | None' = None) -> None:
        """Count and answer from now on, in this process.

        :param source: where all services are; None for those of this package
        """
        if self._place is None:
            return
        slot = self._place.take_slot()
        shown = None
        if self._counts or self._file is not None:
            shown = metrics.begin(
                self._conf, self._program, self._place, slot, source
            )
        if self._socket is not None:
            from nova_sg.metrics import listener

            pages: dict[str, listener.Page] = {}
            if self.health is not None:
                self.health.begin(slot)
                pages.update(self.health.pages())
            if shown is not None and self._counts:
                text = shown.text
                pages[metrics.PATH] = lambda: listener.Answer(
                    200, metrics.CONTENT_TYPE, text()
                )
            self._running.append(listener.Listener(self._socket, pages))
        if self._file is not None and shown is not None and not slot:
            self._running.append(sg_textfile.TextFile(self._file, shown.text))
        for each in self._running:
            each.start()

    def end(self) -> None:
        """Answer no more in this process."""
        while self._running:
            self._running.pop().stop()
        if self.health is not None:
            self.health.end()

    def remove(self) -> None:
        """Remove what was counted, where the program ends."""
        if self._place is not None:
            self._place.remove()
