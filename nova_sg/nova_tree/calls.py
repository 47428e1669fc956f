# SPDX-License-Identifier: Apache-2.0

"""How nova's conductor serves a call of nova_sg, and what it logs of errors.

oslo.messaging logs each error of an endpoint with its traceback, unless the
endpoint says that it expected it::

    t=0   the database is unreachable
    t=1   c1 calls with a heartbeat, and is answered with an error; the
          conductor logs that, in one line
    t=2   c2 calls, and so do 1,000 others; each is answered with an error
    t=30  the database is back, and c1 calls; the conductor logs that, too

nova has its conductor log nothing of what an object raises: only the caller
gets it.
"""

from collections.abc import Callable
import functools
from typing import Any

from oslo_log import log as logging
import oslo_messaging as messaging

from nova_sg import exception
from nova_sg import lasting
from nova_sg.nova_tree import errors

LOG = logging.getLogger(__name__)

#: By these errors a conductor says that it does not know a call: it has done
#: nothing.
UNKNOWN = (messaging.UnsupportedVersion, messaging.NoSuchMethod)


def served(method: Callable[..., Any]) -> Callable[..., Any]:
    """Offer a method over RPC.

    An outage and any other error of ours is told to the caller, and logged
    once until a call succeeds. What is not expected is left to oslo.messaging.

    nova 34 wraps the methods of endpoints to count the tasks under way at a
    stop. It takes their first argument for an instance's.
    """
    name = method.__name__

    @functools.wraps(method)
    def served(endpoint: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            answer = method(endpoint, *args, **kwargs)
        except UNKNOWN as error:
            # Of a call that was made here. It must not say that nothing was
            # done.
            raise exception.ConductorError(
                method=name, reason=error
            ) from error
        except Exception as error:
            known = errors.known(error)
            if known is None:
                raise
            _trouble(endpoint, name).failed(known)
            # The traceback goes to the caller, which reads the first line.
            error.__cause__ = None
            raise messaging.ExpectedException() from None
        _trouble(endpoint, name).over()
        return answer

    served._skip_automatic_rpc_tracking = True  # type: ignore[attr-defined]
    return served


def _trouble(endpoint: Any, name: str) -> lasting.Trouble:
    """Return what logs the errors of a method of one endpoint."""
    troubles: dict[str, lasting.Trouble]
    troubles = vars(endpoint).setdefault('_troubles', {})
    found = troubles.get(name)
    if found is None:
        found = troubles[name] = lasting.Trouble(
            LOG,
            f'Answering calls of {name} with an error until one succeeds: %s',
            f'Unexpected error in {name}',
            f'Calls of {name} are answered again.',
        )
    return found
