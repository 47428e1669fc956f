# SPDX-License-Identifier: Apache-2.0

"""The names of keys: safe for any host name, and never too long."""

import hashlib
import re

#: What a key may hold as it is; everything else is hashed.
_is_plain = re.compile(r'[0-9A-Za-z_-]{1,64}').fullmatch

#: How many keys of members are kept at most; a process may ask for anything.
MOST_KEPT = 200_000


def safe(text: str) -> str:
    """Return a text as it may stand in a key.

    A uuid stays readable; memcached takes neither white space nor control
    characters, and no more than 250 bytes.
    """
    return text if _is_plain(text) else digest(text)


def digest(*texts: str) -> str:
    """Return what stands for texts of any length, as one, in a key."""
    joined = b''.join(
        b'%d:%s' % (len(raw), raw)
        for raw in (text.encode(errors='surrogatepass') for text in texts)
    )
    return hashlib.sha256(joined).hexdigest()


class Keys:
    """The keys of one deployment.

    :param prefix: ``[memcached] key_prefix``
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._members: dict[str, str] = {}
        #: On every server: see :mod:`.epoch`.
        self.epoch = f'{prefix}:epoch'
        self.settling = f'{prefix}:settling'
        self.begun = f'{prefix}:begun'
        #: On every server: see :mod:`.silence`.
        self.tick = f'{prefix}:tick'
        self.silence = f'{prefix}:silence'
        self.counting = f'{prefix}:counting'
        self.told = f'{prefix}:told'
        #: On every server: how the deployment is configured.
        self.marker = f'{prefix}:deployment'

    def member(self, uuid: str) -> str:
        """Return the key of the members of a service.

        A list asks for thousands of them, the same ones each time.
        """
        key = self._members.get(uuid)
        if key is None:
            if len(self._members) >= MOST_KEPT:
                self._members.clear()
            key = f'{self._prefix}:member:{safe(uuid)}'
            self._members[uuid] = key
        return key

    def trace(self, uuid: str) -> str:
        """Return the key of when a service last beat, in ticks."""
        return f'{self._prefix}:trace:{safe(uuid)}'

    def last(self, uuid: str) -> str:
        """Return the key of what was last said of a service."""
        return f'{self._prefix}:last:{safe(uuid)}'

    def cell(self, cell_uuid: str) -> 'CellKeys':
        """Return the keys of the records of a cell."""
        return CellKeys(f'{self._prefix}:{safe(cell_uuid)}')


class CellKeys:
    """The keys of the records of one cell; all lie on one server.

    :param prefix: what they begin with
    """

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix

    def service(self, uuid: str) -> str:
        """Return the key of a record, live or destroyed."""
        return f'{self.prefix}:service:{safe(uuid)}'

    def history(self, uuid: str) -> str:
        """Return the key of the transitions of a service."""
        return f'{self.prefix}:history:{safe(uuid)}'

    def id(self, service_id: int) -> str:
        """Return the key that leads from an id to a uuid."""
        return f'{self.prefix}:id:{service_id}'

    def binary(self, host: str, binary: str) -> str:
        """Return the key that leads from a host and binary to a uuid."""
        return f'{self.prefix}:binary:{digest(host, binary)}'

    def topic(self, host: str, topic: str) -> str:
        """Return the key that leads from a host and topic to a uuid."""
        return f'{self.prefix}:topic:{digest(host, topic)}'

    def shard(self, index: str, number: int) -> str:
        """Return the key of a part of an index."""
        return f'{self.prefix}:{index}:{number}'
