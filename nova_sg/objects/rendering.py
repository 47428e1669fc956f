# SPDX-License-Identifier: Apache-2.0

"""Lists that are shown, and of whose services nobody needs an object.

A list of thousands takes twice as long where an object is made of each. REST
shows eleven values of a service, and is done with it.
"""

from collections.abc import Hashable
from typing import Any
from typing import TypeVar

from nova_sg import sequences
from nova_sg import servicegroup
from nova_sg import times
from nova_sg.servicegroup import collector
from nova_sg.servicegroup import listed

T = TypeVar('T')


class Rendering:
    """A list of services that renders itself."""

    @classmethod
    def render(
        cls,
        context: Any,
        render: listed.Render[T],
        key: Hashable = None,
        *,
        host: str | None = None,
        binary: str | None = None,
        disabled: bool | None = None,
        set_zones: bool = True,
    ) -> listed.Rendered[T]:
        """Return what is made of a list, part by part, by id.

        In a process that has a conductor the objects come from there.

        :param render: makes something of the services of a part; called
            again for the same one where reading was begun again
        :param key: two functions with the same key make the same bytes of a
            part, which may be kept; None: it is not to be kept
        :param host: only services on this host; not together with the others
        :param binary: only services of this binary
        :param disabled: only those that are disabled, or enabled; not
            together with the others
        :param set_zones: tell the zones, too, instead of empty ones
        :raises ServiceGroupUnavailable: they cannot be read
        """
        with collector.paused():
            if cls.indirection_api is None:  # type: ignore[attr-defined]
                return servicegroup.get().render(
                    context,
                    render,
                    key,
                    set_zones=set_zones,
                    host=host,
                    binary=binary,
                    disabled=disabled,
                )
            found = cls._find(context, host, binary, disabled, set_zones)
            parts = [
                render([of(each) for each in part])
                for part in sequences.batched(found, _PART)
            ]
            return listed.Rendered(lambda: parts)

    @classmethod
    def _find(
        cls: Any,
        context: Any,
        host: str | None,
        binary: str | None,
        disabled: bool | None,
        set_zones: bool,
    ) -> Any:
        """Return the objects of a list, by its remotable getters."""
        if host is not None:
            return cls.get_by_host(context, host, set_zones).objects
        if binary is not None:
            return cls.get_by_binary(context, binary, True, set_zones).objects
        return cls.get_all(context, disabled, set_zones).objects


_PART = listed.PART


def of(service: Any) -> listed.Listed:
    """Return what a list shows of an object, as far as that is loaded."""
    zone = (
        service.availability_zone
        if service.obj_attr_is_set('availability_zone')
        else ''
    )
    return listed.Listed(
        service.id,
        service.uuid,
        service.host,
        service.binary,
        service.topic,
        zone or '',
        service.disabled,
        service.disabled_reason,
        service.forced_down,
        service.state,
        times.text(service.seen_or_changed_at),
    )
