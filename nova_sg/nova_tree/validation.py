# SPDX-License-Identifier: Apache-2.0

"""Lists of ours are validated at most once.

nova validates its own answers, with ``[api] response_validation = warn`` by
default. Each range of microversions of a method has a validator, and each of
them serializes the whole answer and parses it again before it looks whether
the range is its own. For a list of 10,000 services that takes longer than the
list itself.

While a list is made whose services nova_sg owns, these validators see
``ignore``. Then:

- with ``warn`` that is all. nova would write a failure into its log and send
  the answer as it is; what makes the lists is tested with ``error``;
- with ``error``, as in nova's own tests, the answer is validated by the one
  schema of its microversion.
"""

from collections.abc import Callable
from collections.abc import Iterator
import contextvars
from typing import Any

from nova import conf as nova_conf
from nova.api import validation
from nova.api.openstack.compute import availability_zone as nova_zones
from nova.api.openstack.compute import hosts as nova_hosts
from nova.api.openstack.compute import hypervisors as nova_hypervisors
from nova.api.openstack.compute import services as nova_services

from nova_sg.nova_tree import controllers
from nova_sg.nova_tree import owner
from nova_sg.nova_tree import takeover

CONF = nova_conf.CONF

#: The methods that answer with a list of services or of what they are for.
LISTS: dict[type, frozenset[str]] = {
    nova_services.ServiceController: frozenset({'index'}),
    nova_hosts.HostController: frozenset({'index'}),
    nova_hypervisors.HypervisorsController: frozenset({'index', 'detail'}),
    nova_zones.AvailabilityZoneController: frozenset({'index', 'detail'}),
}

#: Whether the validators of nova are passed over.
_passed_over: contextvars.ContextVar[bool] = contextvars.ContextVar(
    'nova_sg_validation', default=False
)


class ResponseValidation(takeover.Takeover):
    """The validators of answers that are lists of services."""

    name = 'the validation of answers by nova.api.validation'

    def wrapped(self) -> Iterator[takeover.Wrapped]:
        yield controllers.DISPATCH(_dispatch)

    def check(self) -> None:
        super().check()
        if self.expect_attribute(validation, 'CONF') is not CONF:
            self.unexpected('nova.api.validation.CONF to be nova.conf.CONF')
        self.expect_function(
            validation,
            'response_body_schema',
            *('response_body_schema', 'min_version', 'max_version'),
        )
        if 'response_validation' not in CONF.api:
            self.unexpected('nova.conf to have [api] response_validation')
        for controller, names in LISTS.items():
            for name in names:
                self.expect_attribute(controller, name)

    def take(self, patches: takeover.Patches) -> None:
        super().take(patches)
        patches.set(validation, 'CONF', _Conf())


class _Conf:
    """nova's configuration, as the validators of nova see it."""

    def __getattr__(self, name: str) -> Any:
        found = getattr(CONF, name)
        return _Api(found) if name == 'api' else found


class _Api:
    """The group ``[api]``, as the validators of nova see it."""

    def __init__(self, novas: Any) -> None:
        self._novas = novas

    def __getattr__(self, name: str) -> Any:
        if name == 'response_validation' and _passed_over.get():
            return 'ignore'
        return getattr(self._novas, name)


def _dispatch(
    novas: Callable[..., Any],
    self: Any,
    method: Any,
    request: Any,
    action_args: Any,
) -> Any:
    if not _is_list(method):
        return novas(self, method, request, action_args)
    schema = None
    if CONF.api.response_validation == 'error':
        schema = _schema(method, request)
        if schema is None:
            return novas(self, method, request, action_args)
    token = _passed_over.set(True)
    try:
        answer = novas(self, method, request, action_args)
    finally:
        _passed_over.reset(token)
    if schema is None:
        return answer
    # A validator of nova's, for any microversion, around what is there.
    validated = validation.response_body_schema(schema)
    return validated(lambda req: answer)(req=request)


def _is_list(method: Any) -> bool:
    """Whether this makes a list of services that nova_sg owns."""
    controller = type(getattr(method, '__self__', None))
    return (
        method.__name__ in LISTS.get(controller, ())
        and owner.driver() is not None
    )


def _schema(method: Any, request: Any) -> Any:
    """Return the schema of a method's answer to a request.

    :returns: None where nova tells of none, or validates by other rules
    """
    schemas = getattr(method, 'response_body_schemas', None)
    if schemas is None or request.is_legacy_v2():
        return None
    return schemas(request)
