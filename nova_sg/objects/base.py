# SPDX-License-Identifier: Apache-2.0

"""The bases of our versioned objects.

oslo keeps one registry for the whole process, by name: no object of ours may
bear a name of nova's, since nova's deserializer would be handed it.
"""

import operator
from typing import Any

from oslo_versionedobjects import base as ovo_base

from nova_sg.objects import remotable as sg_remotable

remotable = sg_remotable.remotable
ObjectListBase = ovo_base.ObjectListBase


class Registry(ovo_base.VersionedObjectRegistry):
    """Where our objects are registered: oslo's registry."""

    def registration_hook(self, cls: type[Any], index: int) -> None:
        """Let the fields of a class be read in a quarter of the time.

        oslo's own getter first looks whether there is a value. In a list of
        thousands of services there is one. A field without a value comes to
        ``Object.__getattr__``.
        """
        for name in cls.fields:
            declared = getattr(cls, name)
            # Where oslo keeps the value.
            reader = operator.attrgetter(f'_obj_{name}')
            setattr(cls, name, property(reader, declared.fset, declared.fdel))


class Object(ovo_base.VersionedObject):
    """Base of all objects of nova_sg."""

    OBJ_SERIAL_NAMESPACE = 'nova_sg_object'
    OBJ_PROJECT_NAMESPACE = 'nova_sg'

    def obj_attr_is_set(self, attrname: str) -> bool:
        """Return whether a field has a value.

        oslo makes a list of all fields each time: a scheduler asks this of
        thousands of services.
        """
        if attrname in self.fields:
            return hasattr(self, f'_obj_{attrname}')
        return bool(super().obj_attr_is_set(attrname))

    def __getattr__(self, name: str) -> Any:
        """Load a field that was read and has no value yet."""
        if name == '_changed_fields':
            # Of a list hardly any object is ever changed.
            changed: set[str] = set()
            self._changed_fields = changed
            return changed
        if name not in self.fields:
            # Raises what led here: an error inside a property, perhaps.
            return object.__getattribute__(self, name)
        self.obj_load_attr(name)
        return getattr(self, f'_obj_{name}')


class Serializer(ovo_base.VersionedObjectSerializer):
    """Turns our objects into JSON-ready primitives, and back."""

    OBJ_BASE_CLASS = Object
