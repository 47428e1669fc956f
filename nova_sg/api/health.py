# SPDX-License-Identifier: Apache-2.0

"""The health checks: of this process, and of its backend.

``/healthcheck`` says that the process is up, for a load balancer.
``/healthcheck/backend`` asks the backend, too, for monitoring. A load
balancer must not act upon it: another process has the same backend.

Both answer without a token. So the second one names no host and no database,
and puts no load on the backend, however often it is asked.
"""

from collections.abc import Callable
import logging
import threading
import time
from typing import Any

from oslo_config import cfg
from oslo_middleware import healthcheck
from oslo_middleware.healthcheck import pluginbase

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg import forks
from nova_sg import lasting
from nova_sg import objects
from nova_sg import servicegroup
from nova_sg.api import faults

LOG = logging.getLogger(__name__)

PATH = '/healthcheck'
BACKEND_PATH = f'{PATH}/backend'

#: The plugin below, as ``[healthcheck] backends`` names it.
PLUGIN = 'nova_sg_backend'

#: Seconds for which an answer of the backend is given to all requests.
FRESH = 5.0

#: Seconds for which it stands while the backend is being asked anew: longer
#: than the backend can take to answer, or to be given up.
STALE = 60.0

#: What no service is called.
_NOBODY = '-'
_NO_UUID = '00000000-0000-0000-0000-000000000000'

Result = pluginbase.HealthcheckResult


def ask_backend() -> None:
    """Ask for the record and the liveness of a service that never exists.

    :raises NovaSgException: the backend does not answer
    """
    context = sg_context.get_admin_context()
    objects.ServiceGroupService.get_by_host_and_binary(
        context, _NOBODY, _NOBODY
    )
    servicegroup.get().liveness(context, [_NO_UUID])


#: How the backend is asked in this process; a nova has a way of its own.
_ask: Callable[[], None] = ask_backend


def use(ask: Callable[[], None]) -> None:
    """Have the backend asked in another way.

    :param ask: raises where the backend does not answer
    """
    global _ask
    _ask = ask


class Remembered:
    """A check with a result that is kept for some seconds. Thread safe.

    One thread at a time runs the check. The others get the last result
    meanwhile, and wait only where it is too old to be told.

    :param check: returns the result, and does not raise
    :param clock: returns seconds, and never runs backwards
    """

    def __init__(
        self,
        check: Callable[[], Result],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._check = check
        self._clock = clock
        self._asking = forks.renewed(self, '_asking', threading.Lock)
        self._last: tuple[float, Result] | None = None

    def __call__(self) -> Result:
        result = self._known(FRESH)
        if result is not None:
            return result
        if not self._asking.acquire(blocking=False):
            result = self._known(STALE)
            if result is not None:
                return result
            self._asking.acquire()
        try:
            # Another thread may have asked while this one waited.
            result = self._known(FRESH)
            if result is None:
                result = self._check()
                self._last = self._clock(), result
            return result
        finally:
            self._asking.release()

    def _known(self, age: float) -> Result | None:
        last = self._last
        if last is None or self._clock() - last[0] > age:
            return None
        return last[1]


class BackendHealthcheck(pluginbase.HealthcheckBaseExtension):
    """Asks the backend."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._remembered = Remembered(self._ask)
        self._trouble = lasting.Trouble(
            LOG,
            'The health check fails: %s',
            'Unexpected error in the health check',
            'The health check succeeds again',
        )

    def healthcheck(self, server_port: int) -> Result:
        return self._remembered()

    def _ask(self) -> Result:
        try:
            _ask()
        except exception.NovaSgException as error:
            self._trouble.failed(error, logging.ERROR)
            return Result(available=False, reason=error.public_message)
        except Exception as error:
            self._trouble.failed(error)
            return Result(available=False, reason=exception.UNEXPECTED)
        self._trouble.over()
        return Result(available=True, reason='OK')


def _not_found(environ: dict[str, Any], start_response: Any) -> Any:
    """Answer a request that ``[healthcheck]`` does not allow.

    oslo.middleware passes such a request on. Without an application WebOb
    would send it to the host that its ``Host`` header names.
    """
    return faults.fault(404, faults.NOT_FOUND)(environ, start_response)


class Health(healthcheck.Healthcheck):
    """oslo.middleware's own, with the plugin where it is asked for.

    :param with_backend: ask the backend of the services, too
    """

    def __init__(self, conf: cfg.ConfigOpts, *, with_backend: bool) -> None:
        self._with_backend = with_backend
        super().__init__(_not_found, conf)
        # Releases before 6.5 answer this path only.
        self._answered = dict(conf.healthcheck).get('path', PATH)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        mine = {**environ, 'SCRIPT_NAME': '', 'PATH_INFO': self._answered}
        return super().__call__(mine, start_response)

    def _conf_get(self, key: str, group: str = 'healthcheck') -> Any:
        value = super()._conf_get(key, group=group)
        if key == 'backends' and self._with_backend:
            return list(dict.fromkeys([*value, PLUGIN]))
        return value
