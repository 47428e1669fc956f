# SPDX-License-Identifier: Apache-2.0

"""How a method is offered over RPC, and what its caller hears of errors."""

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
import functools
import inspect
from typing import Any

from oslo_log import log as logging
import oslo_messaging as messaging
from oslo_versionedobjects import exception as ovo_exc

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg import rpc

LOG = logging.getLogger(__name__)

Context = sg_context.RequestContext


def served(method: Callable[..., Any]) -> Callable[..., Any]:
    """Offer a method over RPC, and answer errors as what they are.

    Only what is so marked can be called. What goes wrong unexpectedly is in
    our log with its traceback, and in the answer without.
    """
    signature = inspect.signature(method)

    @messaging.expose  # type: ignore[untyped-decorator]
    @functools.wraps(method)
    def answer(self: Any, context: Context, **arguments: Any) -> Any:
        try:
            check_arguments(signature, (self, context), arguments)
            return method(self, context, **arguments)
        except (
            exception.NovaSgException,
            ovo_exc.VersionedObjectsException,
        ) as error:
            rpc.plain(error)
            raise messaging.ExpectedException() from None
        except Exception:
            LOG.exception('Unexpected error in %s', method.__name__)
            _refuse(
                method.__name__,
                'an unexpected error, of which its log has the details under '
                f'{context.request_id}',
            )

    return answer  # type: ignore[no-any-return]


def _refuse(name: str, reason: str) -> None:
    try:
        raise exception.ConductorError(method=name, reason=reason)
    except exception.ConductorError:
        # It carries the error that is being handled.
        raise messaging.ExpectedException() from None


def check_arguments(
    signature: inspect.Signature,
    given: Sequence[Any],
    arguments: Mapping[str, Any],
) -> None:
    try:
        signature.bind(*given, **arguments)
    except TypeError as error:
        raise exception.InvalidInput(reason=str(error)) from error
