# SPDX-License-Identifier: Apache-2.0

"""Objects and their methods on the wire, between releases.

A peer may be older or newer. It is answered in the versions it knows, or
where ours are older in ours.
"""

from collections.abc import Mapping
from typing import Any

from oslo_utils import versionutils
from oslo_versionedobjects import base as ovo_base
from oslo_versionedobjects import exception as ovo_exc

from nova_sg import exception
from nova_sg.objects import base as objects_base


def class_named(objname: Any) -> Any:
    """Return our newest class of a name; nobody else's can be called."""
    for cls in ovo_base.VersionedObjectRegistry.obj_classes().get(objname, []):
        if issubclass(cls, objects_base.Object):
            return cls
    raise ovo_exc.UnsupportedObjectError(objtype=objname)


def served_versions(objname: str, asked: Mapping[str, str]) -> dict[str, str]:
    """Return the versions of the objects in an answer.

    The caller's versions, and ours where we are older: a newer caller reads
    those as well.

    :raises IncompatibleObjectVersion: a version is of another kind
    """
    class_named(objname)
    served = dict(ovo_base.obj_tree_get_versions(objname))
    for name, ours in served.items():
        theirs = asked.get(name)
        if theirs is None or not _same_major(theirs, ours):
            raise ovo_exc.IncompatibleObjectVersion(
                objname=name, objver=theirs, supported=ours
            )
        served[name] = min(
            theirs, ours, key=versionutils.convert_version_to_tuple
        )
    return served


def _same_major(theirs: str, ours: str) -> bool:
    try:
        return bool(
            versionutils.convert_version_to_tuple(theirs)[0]
            == versionutils.convert_version_to_tuple(ours)[0]
        )
    except (AttributeError, ValueError):
        return False


def check_object(objinst: Any) -> None:
    if not isinstance(objinst, objects_base.Object):
        raise exception.InvalidInput(reason='this is no object of nova_sg')


def method_of(owner: Any, name: str) -> Any:
    """Return a method that may be called from elsewhere."""
    method = getattr(owner, name, None) if isinstance(name, str) else None
    if not getattr(method, 'remotable', False):
        raise exception.InvalidInput(
            reason=f'{name!r} cannot be called from elsewhere'
        )
    return method


def changes(before: Any, after: Any) -> dict[str, Any]:
    """Return what the caller has to take over, as oslo asks for it."""
    changes = {
        name: field.to_primitive(after, name, getattr(after, name))
        for name, field in after.fields.items()
        if after.obj_attr_is_set(name)
        and (
            not before.obj_attr_is_set(name)
            or getattr(before, name) != getattr(after, name)
        )
    }
    return {**changes, 'obj_what_changed': sorted(after.obj_what_changed())}


def as_known_to(objinst: Any, version: str) -> dict[str, Any]:
    """Return an object as the primitive of an older version.

    :raises IncompatibleObjectVersion: a pending change is of a field that
        this version does not have: it would be lost unnoticed
    """
    mine = objinst.obj_clone()
    mine.VERSION = type(objinst).VERSION
    primitive: dict[str, Any] = mine.obj_to_primitive(target_version=version)
    known = primitive[mine._obj_primitive_key('data')]
    lost = mine.obj_what_changed() - set(known)
    if lost:
        raise ovo_exc.IncompatibleObjectVersion(
            objname=mine.obj_name(),
            objver=f'{mine.VERSION} with {", ".join(sorted(lost))}',
            supported=version,
        )
    return primitive
