# SPDX-License-Identifier: Apache-2.0

"""A service as REST shows it, for each range of microversions."""

from collections.abc import Callable
from collections.abc import Hashable
from collections.abc import Sequence
from typing import Any

from microversion_parse import Version
import orjson

from nova_sg.api import microversion
from nova_sg.api import shown
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import record


def _record_v21(service: shown.Listed) -> Any:
    return {
        'id': service.id,
        'binary': service.binary,
        'host': service.host,
        'zone': service.zone,
        'status': shown.status(service),
        'state': service.state,
        'updated_at': service.changed_at,
        'disabled_reason': service.disabled_reason,
    }


def _record_v211(service: shown.Listed) -> Any:
    return {**_record_v21(service), 'forced_down': service.forced_down}


def _record_v253(service: shown.Listed) -> Any:
    # By position, and nothing called: a list shows thousands.
    (
        _id,
        uuid,
        host,
        binary,
        _topic,
        zone,
        disabled,
        disabled_reason,
        forced_down,
        state,
        changed_at,
    ) = service
    return {
        'id': uuid,
        'binary': binary,
        'host': host,
        'zone': zone,
        'status': 'disabled' if disabled else 'enabled',
        'state': state,
        'updated_at': changed_at,
        'disabled_reason': disabled_reason,
        'forced_down': forced_down,
    }


RECORDS: microversion.Versioned[Callable[[shown.Listed], Any]]
RECORDS = microversion.Versioned(
    {'2.1': _record_v21, '2.11': _record_v211, '2.53': _record_v253}
)


def _unknown(service: shown.Listed) -> Any:
    """Return the form of a service with an unknown state.

    nova lists the hosts of a cell that does not answer in this way.
    """
    return {
        'binary': service.binary,
        'host': service.host,
        'status': 'UNKNOWN',
    }


#: Whether services with an unknown state are listed. A client of before 2.69
#: knows only up and down, and would fence a living host that it is told is
#: down.
_LISTS_UNKNOWN = microversion.Versioned({'2.1': False, '2.69': True})


def rendering(
    version: Version, host: str | None, binary: str | None
) -> tuple[Callable[[Sequence[shown.Listed]], bytes], Hashable]:
    """Return what makes JSON of a part of a list, and the form of it.

    :param host: only services on it are shown
    :param binary: only services of it are shown
    """
    view = RECORDS.get(version)
    lists_unknown = _LISTS_UNKNOWN.get(version)

    def render(services: Sequence[shown.Listed]) -> bytes:
        if host is not None or binary is not None:
            services = [
                each
                for each in services
                # A column of nova's may not tell upper from lower case.
                if host in (None, each.host) and binary in (None, each.binary)
            ]
        records = [
            view(each) if each.state != liveness.UNKNOWN else _unknown(each)
            for each in services
            if each.binary not in record.API_BINARIES
            and (lists_unknown or each.state != liveness.UNKNOWN)
        ]
        return orjson.dumps(records)[1:-1]

    return render, (view, lists_unknown)
