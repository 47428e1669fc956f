# SPDX-License-Identifier: Apache-2.0

"""A backend that cannot be asked is 503 in nova's REST API, and not 500.

nova's controllers answer with 500 for every error they do not know, and ask
for a bug report. Where the reason is that the owner of the services cannot be
reached, or that this process is configured for another, the answer says so in
words that name no host and no database, and that it may be tried again. The
log has the rest.

Why around ``Resource.dispatch``: all methods of all controllers are called
there, inside what turns errors into answers. What nova has made of the error
by then still holds it.
"""

from collections.abc import Callable
from collections.abc import Iterator
from typing import Any

from oslo_log import log as logging
import webob.exc

from nova_sg import exception
from nova_sg.nova_tree import controllers
from nova_sg.nova_tree import takeover

LOG = logging.getLogger(__name__)


class Unavailable(takeover.Takeover):
    """The call of a controller's method."""

    name = 'nova.api.openstack.wsgi.Resource.dispatch'

    def wrapped(self) -> Iterator[takeover.Wrapped]:
        yield controllers.DISPATCH(_dispatch)


def _dispatch(novas: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    try:
        return novas(*args, **kwargs)
    except Exception as error:
        reason = _reason(error)
        if reason is None:
            raise
        LOG.error('%s', reason)
        raise webob.exc.HTTPServiceUnavailable(
            explanation=reason.public_message
        ) from reason


def _reason(
    error: BaseException | None,
) -> exception.NovaSgException | None:
    """Return why nova failed, where it was for the owner of services."""
    while error is not None:
        if isinstance(error, exception.NovaSgException) and (
            error.misconfigured
            or isinstance(error, exception.ServiceGroupUnavailable)
        ):
            return error
        error = error.__cause__ or error.__context__
    return None
