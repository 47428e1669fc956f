# SPDX-License-Identifier: Apache-2.0

"""Which version of the API a request asks for, and what depends on it.

Minimum and maximum are those of nova 34 (2026.2), so that clients find the
range they know.
"""

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import MutableMapping
import re
from typing import Generic
from typing import TypeVar

import microversion_parse
from microversion_parse import Version
import webob

from nova_sg import exception

SERVICE_TYPE = 'compute'
HEADER = 'OpenStack-API-Version'
LEGACY_HEADER = 'X-OpenStack-Nova-API-Version'

#: Which microversions change anything that is served here; all others up to
#: the maximum are accepted and change nothing.
CHANGES = {
    '2.1': 'The first version, and what a request without a version gets.',
    '2.11': 'os-services: forced_down is shown, and PUT force-down sets it.',
    '2.28': 'os-hypervisors: cpu_info is an object instead of a string.',
    '2.33': 'os-hypervisors: limit and marker, and hypervisors_links.',
    '2.41': 'os-aggregates: the uuid is shown.',
    '2.43': 'os-hosts is gone.',
    '2.53': 'os-services and os-hypervisors: uuids instead of integers. PUT '
    'os-services/{uuid} takes the place of the named actions; queries of the '
    'list that of search and servers.',
    '2.69': 'os-services: a cell that does not answer is shown as UNKNOWN.',
    '2.75': 'os-services: unknown query parameters are refused. '
    'os-hypervisors: servers are shown whenever they are asked for.',
    '2.88': 'os-hypervisors: what placement knows is gone, uptime is in the '
    'details; statistics and uptime are gone.',
    '2.102': 'os-availability-zone and os-aggregates: unknown query '
    'parameters are refused.',
    '2.104': 'The last version of nova 34; it changes nothing here.',
}

# Nine digits are more than any version will have, and less than what an
# integer can be made of.
_FORMAT = re.compile(r'([1-9]\d{0,8})\.(0|[1-9]\d{0,8})', re.ASCII)

T = TypeVar('T')
T_co = TypeVar('T_co', covariant=True)
U = TypeVar('U')


def parse(text: str) -> Version:
    """Return the version that a text says.

    :raises InvalidAPIVersionString: it is none
    """
    match = _FORMAT.fullmatch(text)
    if match is None:
        raise exception.InvalidAPIVersionString(version=text[:80])
    return Version(int(match[1]), int(match[2]))


MIN = parse(next(iter(CHANGES)))
MAX = parse(list(CHANGES)[-1])


class Versioned(Generic[T_co]):
    """A value that depends on the microversion.

    :param values: by the first version each is for
    """

    def __init__(self, values: Mapping[str, T_co]) -> None:
        self._values = [(parse(first), v) for first, v in values.items()]
        self._values.sort(key=lambda each: each[0], reverse=True)

    def at(self, version: Version) -> T_co | None:
        """Return the value for a version, None before the first."""
        try:
            return self.get(version)
        except LookupError:
            return None

    def get(self, version: Version) -> T_co:
        """Return the value for a version.

        :raises LookupError: it is older than the first
        """
        for first, value in self._values:
            if version >= first:
                return value
        raise LookupError(f'nothing for {version}')

    def map(self, function: Callable[[T_co], U]) -> 'Versioned[U]':
        """Return what a function makes of each value."""
        return Versioned({str(v): function(each) for v, each in self._values})

    def within(self, first: Version, last: Version) -> list[T_co]:
        """Return the values that some version of a range has, oldest first."""
        starts = [start for start, _value in self._values if start <= last]
        begin = [start for start in starts if start <= first][:1]
        return [
            value
            for start, value in reversed(self._values)
            if start <= last and (start > first or start in begin)
        ]


def always(value: U) -> Versioned[U]:
    """Return a value that no microversion changes."""
    return Versioned({str(MIN): value})


def negotiate(headers: MutableMapping[str, str]) -> Version:
    """Return the version a request asks for.

    :raises InvalidAPIVersionString: it names none
    :raises InvalidGlobalAPIVersion: it is out of range
    """
    text = microversion_parse.get_version(
        headers, SERVICE_TYPE, legacy_headers=[LEGACY_HEADER]
    )
    if text is None:
        return MIN
    if text == 'latest':
        return MAX
    version = parse(text)
    if not MIN <= version <= MAX:
        raise exception.InvalidGlobalAPIVersion(
            req_ver=text, min_ver=MIN, max_ver=MAX
        )
    return version


def add_headers(response: webob.Response, version: Version) -> None:
    """Say which version an answer is of, and that answers depend on it."""
    response.headers[HEADER] = f'{SERVICE_TYPE} {version}'
    response.headers[LEGACY_HEADER] = str(version)
    response.headers.add('Vary', f'{HEADER}, {LEGACY_HEADER}')
