# SPDX-License-Identifier: Apache-2.0

"""Which services REST shows, and how it writes what it shows of them."""

from collections.abc import Hashable
from typing import TypeVar

from nova_sg import objects
from nova_sg.api import operation
from nova_sg.servicegroup import listed
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import record

Listed = listed.Listed

T = TypeVar('T')


def rendered(
    call: operation.Call,
    render: listed.Render[T],
    key: Hashable = None,
    *,
    host: str | None = None,
    binary: str | None = None,
    disabled: bool | None = None,
    set_zones: bool = True,
) -> listed.Rendered[T]:
    """Return what is made of services with their state, by age, in one call.

    :param render: makes something of a part of them
    :param key: see ``ServiceGroupServiceList.render``
    :param host: only those on this host; of any binary, since a host has a
        handful
    :param binary: only those of this binary
    :param disabled: only those that are disabled, or enabled; not together
        with the others
    :param set_zones: with their zones, in one more
    """
    return objects.ServiceGroupServiceList.render(
        call.context,
        render,
        key,
        host=host,
        binary=binary if host is None else None,
        disabled=disabled,
        set_zones=set_zones,
    )


def services(
    call: operation.Call,
    *,
    host: str | None = None,
    binary: str | None = None,
    disabled: bool | None = None,
    set_zones: bool = True,
) -> list[Listed]:
    """Return services with their state; see :func:`rendered`."""
    found = rendered(
        call,
        lambda services: services,
        host=host,
        binary=binary,
        disabled=disabled,
        set_zones=set_zones,
    )
    return [
        each
        for part in found.parts()
        for each in part
        # A column of nova's may not tell upper from lower case.
        if host in (None, each.host) and binary in (None, each.binary)
    ]


def is_shown(service: Listed) -> bool:
    """Return whether a service reports its liveness."""
    return service.binary not in record.API_BINARIES


def may_exist(name: str) -> bool:
    """Return whether a record may bear a name; a backend may refuse others."""
    return len(name) <= record.MAX_LENGTH and name.isprintable()


def is_told(service: Listed) -> bool:
    """Return whether it is known of a listed service whether it is up."""
    return service.state != liveness.UNKNOWN


def status(service: Listed) -> str:
    return 'disabled' if service.disabled else 'enabled'
