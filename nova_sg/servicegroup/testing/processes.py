# SPDX-License-Identifier: Apache-2.0

"""Other processes of the deployment under test."""

from collections.abc import Callable
import contextlib
import logging
import multiprocessing
from multiprocessing import connection
from multiprocessing import forkserver
from multiprocessing import util
import os
import signal
import traceback
from typing import Any
from typing import Concatenate
from typing import ParamSpec
from typing import TypeVar

import fixtures
from oslo_config import cfg

from nova_sg import conf as sg_conf
from nova_sg.servicegroup import api as sg_api

P = ParamSpec('P')
T = TypeVar('T')

# What is not installed is left out.
_PRELOAD = [
    __name__,
    'nova_sg.inventory.sql',
    *(
        f'nova_sg.servicegroup.backends.{backend}.{part}'
        for backend in ('memcached', 'sql', 'zookeeper')
        for part in ('driver', 'membership', 'records')
    ),
    *('psycopg2', 'pymysql'),
]

_END_TIMEOUT = 2


class Worker(fixtures.Fixture):
    """A process with a servicegroup API of its own, which does as told.

    Functions it calls are of a module, and their arguments and results can
    be pickled. Its API is made at the first call.

    :param config_file: the configuration of the deployment
    :param prepare: called with its API before anything else
    :param make: makes its API from a loaded configuration
    """

    def __init__(
        self,
        config_file: str,
        prepare: Callable[[sg_api.API], object] | None = None,
        make: Callable[[cfg.ConfigOpts], sg_api.API] = sg_api.API,
    ) -> None:
        super().__init__()
        self._config_file = config_file
        self._prepare = prepare
        self._make = make

    def _setUp(self) -> None:
        # Children of a server, which has imported everything and has no
        # client of any backend: as clean as new processes, and started in no
        # time. Not where this module is imported: under eventlet there is
        # none, and a suite that needs no worker can do without.
        processes = multiprocessing.get_context('forkserver')
        _start_forkserver()
        self._pipe, theirs = processes.Pipe()
        self._process = processes.Process(
            target=_serve,
            args=(theirs, self._config_file, self._prepare, self._make),
            daemon=True,
        )
        self._process.start()
        theirs.close()
        self.addCleanup(self._end)

    @property
    def pid(self) -> int:
        pid = self._process.pid
        assert pid is not None  # noqa: S101
        return pid

    def start(
        self,
        function: Callable[Concatenate[sg_api.API, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Callable[[], T]:
        """Begin to call a function there.

        :param function: called with the API of the process
        :returns: waits for what the function returned or raised
        """
        self._pipe.send((function, args, kwargs))
        return self._result

    def call(
        self,
        function: Callable[Concatenate[sg_api.API, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Call a function there, and return or raise what it does."""
        return self.start(function, *args, **kwargs)()

    def signal(self, number: int) -> None:
        """Send the process a signal; SIGKILL is waited for."""
        os.kill(self.pid, number)
        if number == signal.SIGKILL:
            self._process.join()

    def _result(self) -> Any:
        value, error = self._pipe.recv()
        if error is not None:
            raise error
        return value

    def _end(self) -> None:
        # It ends by itself at the end of its input, unless it is stopped.
        self._pipe.close()
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGCONT)
        self._process.join(_END_TIMEOUT)
        self._process.kill()
        self._process.join()
        self._process.close()


def _serve(
    pipe: connection.Connection,
    config_file: str,
    prepare: Callable[[sg_api.API], object] | None,
    make: Callable[[cfg.ConfigOpts], sg_api.API],
) -> None:
    """Do what a worker's process does, until nobody wants it any more."""
    logging.getLogger().addHandler(logging.NullHandler())
    api = None
    with contextlib.suppress(EOFError, OSError):
        while True:
            function, args, kwargs = pipe.recv()
            answer: tuple[Any, Exception | None]
            try:
                if api is None:
                    api = make(sg_conf.load([config_file]))
                    if prepare is not None:
                        prepare(api)
                answer = function(api, *args, **kwargs), None
            except Exception as error:
                # The traceback itself does not travel.
                error.add_note(traceback.format_exc())
                answer = None, error
            pipe.send(answer)


def _start_forkserver() -> None:
    # Its socket must not lie in the temporary directory of one test.
    with fixtures.MonkeyPatch('tempfile.tempdir', None):
        util.get_temp_dir()
        multiprocessing.set_forkserver_preload(_PRELOAD)
        forkserver.ensure_running()
