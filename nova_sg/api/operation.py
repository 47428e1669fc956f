# SPDX-License-Identifier: Apache-2.0

"""An operation: a handler, the versions it serves, and its schemas."""

from collections.abc import Callable
from collections.abc import Mapping
import dataclasses
from typing import Any
from typing import NamedTuple

from microversion_parse import Version
from oslo_config import cfg
import webob

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg.api import microversion
from nova_sg.api import policy
from nova_sg.api import validation
from nova_sg.servicegroup import listed

#: A JSON schema for each range of versions.
Schemas = microversion.Versioned[Mapping[str, Any]]

_ANYTHING: Schemas = microversion.Versioned({})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Call:
    """One request, as a handler sees it.

    :param request: the request itself
    :param context: of the caller
    :param version: the microversion it asks for
    :param path: the parameters in its path, by name
    :param query: every value of each parameter of its query
    :param body: what its body holds; None without one
    :param legacy: it came under ``/v2``
    """

    request: webob.Request
    conf: cfg.ConfigOpts
    enforcer: policy.Enforcer
    context: sg_context.RequestContext | None
    version: Version
    path: Mapping[str, str]
    query: Mapping[str, list[str]]
    body: Any = None
    legacy: bool = False

    def authorize(self, rule: str) -> None:
        """Refuse the caller if a policy rule forbids the operation.

        :raises PolicyNotAuthorized: naming the rule
        """
        if self.context is None:
            raise exception.Unauthorized(reason='the request has no user')
        self.enforcer.authorize(self.context, rule)

    def asked(self, parameter: str) -> str | None:
        """Return the last value of a parameter of the query, or None."""
        values = self.query.get(parameter)
        return values[-1] if values else None


class Rendered(NamedTuple):
    """The body of an answer that is JSON already.

    :param name: of the one thing in it, which is a list
    :param rendered: its elements, with commas between those of a part. What
        can fail has been done: an answer that has begun must not end in the
        middle.
    """

    name: str
    rendered: listed.Rendered[bytes]

    @property
    def tag(self) -> str | None:
        """Changes whenever the body does; None where that is not known."""
        return self.rendered.tag

    def body(self) -> list[bytes]:
        """Return the body, in parts."""
        body = [b'{"%s":[' % self.name.encode()]
        for part in self.rendered.parts():
            if part:
                body += [part, b',']
        if len(body) > 1:
            body.pop()
        return [*body, b']}']


@dataclasses.dataclass(frozen=True, kw_only=True)
class Operation:
    """What :func:`serves` made of a handler.

    :param handle: the handler
    :param first: the first microversion it serves
    :param last: the last one
    :param summary: what it does, for the description of the API
    :param status: the HTTP status of success
    :param errors: the statuses of errors it may answer with, beside those
        that any operation may
    :param conditional: it may answer with a tag, and 304 to a request that
        bears it
    """

    handle: Callable[[Call], Any]
    first: Version
    last: Version
    summary: str
    status: int
    errors: tuple[int, ...]
    conditional: bool
    path: Schemas
    query: Schemas
    body: Schemas
    response: Schemas
    query_validators: microversion.Versioned[Any]
    body_validators: microversion.Versioned[Any]

    def serves(self, version: Version) -> bool:
        return bool(self.first <= version <= self.last)

    def __call__(self, call: Call) -> Any:
        """Check what a request holds, and act.

        :returns: what the body of the answer holds, or the body itself
        :raises ValidationError: it is not as the schemas say
        """
        validator = self.query_validators.at(call.version)
        if validator is not None and call.query:
            validation.check_query(validator, call.query)
        validator = self.body_validators.at(call.version)
        if validator is not None:
            validation.check_body(validator, call.body, relaxed=call.legacy)
        return self.handle(call)


def serves(
    first: str = str(microversion.MIN),
    last: str = str(microversion.MAX),
    *,
    status: int = 200,
    errors: tuple[int, ...] = (),
    conditional: bool = False,
    path: Schemas = _ANYTHING,
    query: Schemas = _ANYTHING,
    body: Schemas = _ANYTHING,
    response: Schemas = _ANYTHING,
) -> Callable[[Callable[[Call], Any]], Operation]:
    """Make an operation of a handler; its docstring is the summary.

    :param first: the first microversion it serves
    :param last: the last one; for all others the path is not there
    :param path: the parameters in its path, by name; they are described
        only, the handler checks them
    """

    def decorate(handle: Callable[[Call], Any]) -> Operation:
        return Operation(
            handle=handle,
            first=microversion.parse(first),
            last=microversion.parse(last),
            summary=(handle.__doc__ or '').strip().split('\n')[0],
            status=status,
            errors=errors,
            conditional=conditional,
            path=path,
            query=query,
            body=body,
            response=response,
            query_validators=query.map(validation.Validator),
            body_validators=body.map(validation.Validator),
        )

    return decorate
