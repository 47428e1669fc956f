# SPDX-License-Identifier: Apache-2.0

"""What all tests of the suite have in common."""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
import time
from typing import Any
from typing import ClassVar
from typing import TypeVar

import fixtures
import testtools

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg.servicegroup import api as sg_api
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import record
from nova_sg.servicegroup.testing import deployment
from nova_sg.servicegroup.testing import environment
from nova_sg.servicegroup.testing import link as link_
from nova_sg.servicegroup.testing import processes

T = TypeVar('T')

#: What a caller is told of a change. One that is not done had no effect, nor
#: will it have any.
DONE = 'done'
UNKNOWN = 'unknown'
NOT_DONE = 'not done'

#: Seconds that a laden machine may be late with what it must do.
PATIENCE = 10.0


class ConformanceTest(testtools.TestCase):
    """A test of one promise, in a deployment of its own.

    :cvar deployment_class: given by the driver's author
    :cvar options: options which all tests of a class want different
    :cvar faults: whether the tests take the backend away
    :cvar timeout: seconds after which a test is given up
    :ivar api: the servicegroup API of this process
    """

    deployment_class: ClassVar[type[deployment.Deployment]]
    options: ClassVar[deployment.Options] = {}
    faults: ClassVar[bool] = True
    timeout: ClassVar[int] = 90

    def setUp(self) -> None:
        super().setUp()
        self.useFixture(fixtures.Timeout(self.timeout, gentle=True))
        self.useFixture(fixtures.FakeLogger())
        self.useFixture(environment.Environment())
        made = self.deployment_class(self.options)
        made.faults = self.faults
        self.deployment = self.useFixture(made)
        self.conf = self.deployment.load()
        self.context = sg_context.get_admin_context()
        self.api = self.new_api()
        self.driver = self.api.driver
        self.records = self.driver.records
        self.membership = self.driver.membership
        self.characteristics = self.driver.characteristics

    def new_api(self, options: deployment.Options | None = None) -> sg_api.API:
        """Return an API which knows nothing yet, as of a new process.

        :param options: options in which its process differs
        """
        return sg_api.API(self.deployment.load(options))

    def api_through(self, link: link_.Link) -> sg_api.API:
        """Return an API, as of a new process, which goes through a link."""
        api = self.new_api(link.options)
        if link.prepare is not None:
            link.prepare(api)
        return api

    def worker(self, link: link_.Link | None = None) -> processes.Worker:
        """Return another process of this deployment.

        :param link: what it goes through; None for the straight way
        """
        config_file = self.deployment.config_file
        if link is not None:
            config_file = self.deployment.write('linked.conf', link.options)
        return self.useFixture(
            processes.Worker(
                config_file,
                link.prepare if link else None,
                type(self.deployment).process_api,
            )
        )

    def register(
        self, host: str = 'host1', binary: str = 'nova-compute', **values: Any
    ) -> record.Record:
        """Register a service, with a topic that fits its binary."""
        topic = binary.removeprefix('nova-')
        return self.api.create(
            self.context,
            {'host': host, 'binary': binary, 'topic': topic, **values},
        )

    def alive(self) -> Mapping[str, liveness.Liveness]:
        """Return what the backend knows now, by uuid."""
        return self.known(self.records.list(self.context))

    def known(
        self, services: Sequence[record.Record]
    ) -> Mapping[str, liveness.Liveness]:
        """Return what the backend knows of services now, by uuid."""
        uuids = [each.uuid for each in services]
        if self.faults:
            return self.membership.alive(self.context, uuids)
        # A laden machine loses a short session now and then.
        return self.recovered(self.membership.alive, self.context, uuids)

    def is_up(self, service: record.Record) -> bool:
        """Return what the backend says of a service now."""
        return self.known([service])[service.uuid].up

    def eventually(
        self, condition: Callable[[], object], what: str, within: float = 0.0
    ) -> None:
        """Wait for a state, and fail where it does not come.

        :param condition: tells whether it has come
        :param what: the state, in a sentence
        :param within: seconds that are promised; a laden machine gets more
        """
        deadline = time.monotonic() + within + PATIENCE
        while not condition():
            if time.monotonic() > deadline:
                self.fail(f'{what}: not within {within + PATIENCE:g} s')
            time.sleep(0.05)

    def within(self, seconds: float, condition: Callable[[], object]) -> bool:
        """Return whether a state comes within some time."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def outcome(self, change: Callable[[], T]) -> tuple[str, T | None]:
        """Make a change; return what the caller is told, and the answer."""
        try:
            return DONE, change()
        except exception.OutcomeUnknown:
            return UNKNOWN, None
        except exception.ServiceGroupUnavailable:
            return NOT_DONE, None

    def create_outcome(self, create: Callable[[], T]) -> str:
        """Create a service, as in :meth:`outcome`.

        Where another process has destroyed it before the call ends, the
        caller may be told so: it was made.
        """
        try:
            return self.outcome(create)[0]
        except exception.ServiceNotFound:
            return DONE

    def recovered(
        self, call: Callable[..., T], *args: Any, **kwargs: Any
    ) -> T:
        """Return what a call answers once the backend is back.

        Promised within a report interval; a laden machine gets more.
        """
        within = self.conf.servicegroup.report_interval + PATIENCE
        deadline = time.monotonic() + within
        while True:
            try:
                return call(*args, **kwargs)
            except exception.ServiceGroupUnavailable:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def assert_sees(
        self, expected: object, read: Callable[[], object]
    ) -> None:
        """Check what is read after a write elsewhere was acknowledged.

        At once where the driver is linearizable, else soon.
        """
        if not self.characteristics.linearizable:
            self.eventually(lambda: read() == expected, f'{expected!r} shows')
        self.assertEqual(expected, read())

    def assert_unavailable(
        self, call: Callable[..., object], *args: Any, **kwargs: Any
    ) -> None:
        """Check that a call says that the backend cannot be asked."""
        self.assertRaises(
            exception.ServiceGroupUnavailable, call, *args, **kwargs
        )

    @contextlib.contextmanager
    def unchanged(self) -> Iterator[None]:
        """Check that what is entered leaves every record as it was."""
        before = self.records.list(self.context)
        yield
        self.assertEqual(before, self.records.list(self.context))


class HealthyTest(ConformanceTest):
    """A test whose backend is well."""

    faults = False


class QuietTest(HealthyTest):
    """One in which nobody waits for a death to show either."""

    options = {'servicegroup': deployment.PATIENT}  # noqa: RUF012
