# SPDX-License-Identifier: Apache-2.0

"""What the suite must be given: a deployment of the driver under test."""

import abc
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
import configparser
from contextlib import AbstractContextManager
import pathlib
from typing import ClassVar

import fixtures
from oslo_config import cfg

from nova_sg import conf as sg_conf
from nova_sg.servicegroup import api as sg_api
from nova_sg.servicegroup.testing import link
from nova_sg.servicegroup.testing import watchdogs

#: Values of options, by group and name; ``DEFAULT`` is a group here.
Options = Mapping[str, Mapping[str, object]]

#: Seconds of ``[servicegroup]`` that keep the suite short.
TIMINGS = {'report_interval': 1, 'service_down_time': 3}

#: Those where no test waits for a service to be down.
PATIENT = {'report_interval': 10, 'service_down_time': 600}


class Deployment(fixtures.Fixture, abc.ABC):
    """An empty backend, and the configuration that leads to it.

    A driver's author writes a subclass. One is set up for each test, so
    that a server it takes seconds to start should serve many of them.

    A deployment which can be taken away from under its users overrides
    :meth:`kill` and :meth:`restart`, and one whose server can be made to
    hang :meth:`pause` and :meth:`resume`. One whose backend listens on TCP
    overrides :meth:`proxied`, one that has several servers
    :meth:`kill_one`, and one whose heartbeats are on other servers than its
    records :meth:`kill_heartbeats`. The suite has tests for each of these.

    :param options: options which a test wants different
    :ivar config_file: the path of the configuration. It is all that another
        process needs to join: ``conf.load([path])``, or ``--config-file``.
    :ivar backend: the options in it which lead to the backend
    """

    config_file: str
    backend: Options

    #: How many sequences of calls are compared with a model: fewer where each
    #: call takes long.
    examples: ClassVar[int] = 30

    #: Whether the test may take the backend away.
    faults = True

    #: Makes the API of another process, from its configuration.
    process_api: ClassVar[Callable[[cfg.ConfigOpts], sg_api.API]] = sg_api.API

    def __init__(self, options: Options | None = None) -> None:
        super().__init__()
        self._options = options or {}

    def _setUp(self) -> None:
        directory = self.useFixture(fixtures.TempDir()).path
        self._directory = pathlib.Path(directory)
        self.backend = self.make()
        self._layers = (
            {'servicegroup': TIMINGS},
            self.backend,
            self._options,
        )
        self.config_file = self.write('deployment.conf', {})
        # It ends before the backend goes.
        self.useFixture(watchdogs.Watchdogs())

    def timeout(self, seconds: float) -> float:
        """Return for how long a client waits for an answer, in seconds.

        Longer where no test takes the backend away: what is late on a laden
        machine is not away.

        :param seconds: where one does
        """
        return seconds if self.faults else max(10.0, seconds)

    @property
    def down_time(self) -> float:
        """Seconds until a service without a beat is down."""
        timings = {**TIMINGS, **self._options.get('servicegroup', {})}
        return float(str(timings['service_down_time']))

    @abc.abstractmethod
    def make(self) -> Options:
        """Make an empty backend, and see to it that it goes at cleanup.

        :returns: the options that lead to it, ``[servicegroup] driver``
            among them
        """

    @abc.abstractmethod
    def round_trips(self) -> AbstractContextManager[Callable[[], int]]:
        """Count what this process asks of the backend while it is entered.

        :returns: a context manager whose value, called, tells the number
            of requests while it is or was entered: statements of SQL, say
        """

    @abc.abstractmethod
    def wrong_clock(self, seconds: float) -> AbstractContextManager[object]:
        """Set the clock of this process wrong, but not that of the backend.

        Where the driver is written in Python, and its backend is not,
        ``time_machine.travel`` does it.

        :param seconds: how far it is ahead; negative for behind
        """

    @abc.abstractmethod
    def add_field(self, uuid: str, name: str, value: str) -> None:
        """Write a field into a stored record as a newer version would."""

    @abc.abstractmethod
    def read_field(self, uuid: str, name: str) -> str | None:
        """Return a field that :meth:`add_field` wrote, None without it."""

    def kill(self) -> None:
        """Take the backend away, as if its server had crashed."""
        raise NotImplementedError

    def restart(self) -> None:
        """Bring the backend back after :meth:`kill`, and wait for it."""
        raise NotImplementedError

    def pause(self) -> None:
        """Let the backend hang: it keeps connections and does not answer."""
        raise NotImplementedError

    def resume(self) -> None:
        """Let the backend go on after :meth:`pause`."""
        raise NotImplementedError

    def proxied(self) -> link.Link:
        """Put proxies between the backend and some processes.

        Those which are made with the options of the link; all others reach
        the backend as before. A ``testing.proxy.TcpProxy`` for each server
        does it.
        """
        raise NotImplementedError

    def kill_one(self) -> None:
        """Take one of several servers away, as if it had crashed.

        :meth:`restart` brings it back.
        """
        raise NotImplementedError

    def kill_heartbeats(self) -> None:
        """Make heartbeats unreachable, but not the records.

        :meth:`restart` brings them back.
        """
        raise NotImplementedError

    def disturbances(self) -> Sequence[Callable[[], object]]:
        """Return further faults, which a history makes now and then.

        None of them waits. Processes which stand between the others and the
        backend are killed here, say.
        """
        return ()

    def load(self, options: Options | None = None) -> cfg.ConfigOpts:
        """Return the configuration of a process of this deployment.

        :param options: options in which the process differs
        """
        if options is None:
            return sg_conf.load([self.config_file])
        return sg_conf.load([self.write('other.conf', options)])

    def write(self, name: str, options: Options) -> str:
        """Write a configuration file which differs in some options.

        :param name: its name
        :param options: options in which it differs
        :returns: its path
        """
        parser = configparser.RawConfigParser()
        for layer in (*self._layers, options):
            parser.read_dict(layer)
        path = self._directory / name
        with path.open('w') as config_file:
            parser.write(config_file)
        return str(path)
