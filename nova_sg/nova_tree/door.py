# SPDX-License-Identifier: Apache-2.0

"""The door: ``nova.objects.Service`` and ``ServiceList`` become ours.

Name, fields, signatures and versions are nova's, and so are the fingerprints:
on the wire there is no difference, and unpatched computes work with a patched
conductor. What differs is behind:

* a list is built in about half the time, and each of its services carries
  the liveness that was read with it, so that it is not asked for one by one;
* the zones of a list are set in a time that grows with it, not with its
  square;
* the version floor is checked where a version is written, and not at every
  save: in nova a service that is forced down and older than the rest can
  neither beat nor be disabled.

Why classes of our own and not nova's: nova's read nothing along, and cannot
be told to.
"""

from collections.abc import Iterable
import inspect
from typing import Any

from nova import objects
from nova.objects import base
from nova.objects import service as nova_service

from nova_sg.nova_tree import service
from nova_sg.nova_tree import takeover

#: The remotable methods of ``Service`` that stay nova's, and what else of it
#: ours calls.
NOVAS = {
    'create': '(self)',
    'destroy': '(self)',
    'get_minimum_version': '(cls, context, binary, use_slave=False)',
    'get_minimum_version_multi': '(cls, context, binaries, use_slave=False)',
}
CALLED = {
    '_check_minimum_version': ('self',),
    '_db_service_get_by_compute_host': ('context', 'host', 'use_slave'),
    '_do_compute_node': ('self', 'context', 'primitive', 'version_manifest'),
    '_send_status_update_notification': ('self', 'updates'),
}


class ServiceObjects(takeover.Takeover):
    """``nova.objects.Service`` and ``ServiceList``, by all their names.

    Registered with nova's own registry, which binds ``nova.objects``; about
    twenty places use the names in ``nova.objects.service`` instead.
    """

    name = 'the objects Service and ServiceList'

    ours = (service.Service, service.ServiceList)

    def check(self) -> None:
        for our in self.ours:
            name = our.__name__
            novas = self.expect_attribute(nova_service, name)
            if novas.VERSION != our.VERSION:
                self.unexpected(f'{name} to have the version {our.VERSION}')
            inherited = set(base.NovaPersistentObject.fields)
            if set(novas.fields) - inherited != set(our.fields) - inherited:
                self.unexpected(
                    f'{name} to have the fields '
                    f'{", ".join(sorted(our.fields))}'
                )
            wanted = _signatures(our, vars(our))
            if our is service.Service:
                wanted |= NOVAS
            if _signatures(novas, dir(novas)) != wanted:
                self.unexpected(
                    f'the remotable methods of {name} to be those of version '
                    f'{our.VERSION}'
                )
            if _registered(name) != [novas]:
                self.unexpected(f'{name} to be registered once')
        for name, parameters in CALLED.items():
            self.expect_function(nova_service.Service, name, *parameters)
        self.expect_attribute(nova_service, 'SERVICE_VERSION')
        self.expect_attribute(nova_service, 'get_minimum_version_all_cells')

    def take(self, patches: takeover.Patches) -> None:
        for our in self.ours:
            name = our.__name__
            registered = _registered(name)
            before = list(registered)
            patches.on_undo(
                lambda there=registered, was=before: there.__setitem__(
                    slice(None), was
                )
            )
            patches.set(objects, name, vars(objects)[name])
            base.NovaObjectRegistry.register(our)
            patches.set(nova_service, name, our)


def _registered(name: str) -> list[Any]:
    """Return the registered classes of a name: the registry's own list."""
    registry = base.NovaObjectRegistry._registry
    found: list[Any] = registry._obj_classes.get(name, [])
    return found


def _signatures(cls: Any, names: Iterable[str]) -> dict[str, str]:
    """Return the parameters of remotable methods, with their defaults."""
    return {
        name: str(inspect.signature(method.original_fn))
        for name in names
        if hasattr(method := getattr(cls, name), 'original_fn')
    }
