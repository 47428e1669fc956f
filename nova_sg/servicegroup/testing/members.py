# SPDX-License-Identifier: Apache-2.0

"""Services in the shapes in which callers have them."""

from typing import Any

from nova_sg.servicegroup import record


class Object:
    """A service object as nova has them: some fields are not loaded."""

    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)

    def obj_attr_is_set(self, name: str) -> bool:
        return name in self.__dict__


def whole(service: record.Record) -> list[Any]:
    """Return a service with all its fields, in every shape."""
    fields = {name: getattr(service, name) for name in record.FIELDS}
    return [service, fields, Object(**fields)]


def shapes(service: record.Record) -> list[Any]:
    """Return a service in every shape, whole or by its uuid alone."""
    uuid = service.uuid
    return [*whole(service), {'uuid': uuid}, Object(uuid=uuid)]
