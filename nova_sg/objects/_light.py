# SPDX-License-Identifier: Apache-2.0

"""Imports oslo.versionedobjects without the rest of oslo.messaging.

``oslo_versionedobjects.base`` takes one class from oslo.messaging: a
serializer that does nothing, a module of 80 lines. To import that package
takes longer than all that most commands do, since it imports kombu, eventlet
and every driver. So it gets a package here of which nothing was run but that
one module.

What else is asked of it is answered by the whole package, which is imported
then. A process that has imported oslo.messaging before, as nova's have, keeps
what it has.
"""

import importlib
from importlib import util
import sys
import types
from typing import Any

_PACKAGE = 'oslo_messaging'
_BASE = 'oslo_versionedobjects.base'


class _Package(types.ModuleType):
    """oslo.messaging, as long as nobody needs more of it than one class."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith('__'):
            raise AttributeError(name)
        if sys.modules.get(_PACKAGE) is self:
            del sys.modules[_PACKAGE]
        return getattr(importlib.import_module(_PACKAGE), name)


def _import_base() -> None:
    found = util.find_spec(_PACKAGE)
    if found is None or _PACKAGE in sys.modules or _BASE in sys.modules:
        return
    package = _Package(_PACKAGE)
    package.__spec__ = found
    package.__path__ = found.submodule_search_locations or []
    sys.modules[_PACKAGE] = package
    try:
        # The whole package uses the same module, when it is imported.
        module = importlib.import_module(f'{_PACKAGE}.serializer')
        vars(package)['NoOpSerializer'] = module.NoOpSerializer
        importlib.import_module(_BASE)
    finally:
        if sys.modules.get(_PACKAGE) is package:
            del sys.modules[_PACKAGE]


_import_base()
