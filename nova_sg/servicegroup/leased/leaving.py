# SPDX-License-Identifier: Apache-2.0

"""Keys that this process is about to delete, and why.

They stay here until the backend has deleted them, however long that takes.
"""

from collections.abc import Iterable

from nova_sg.servicegroup.leased import keys as sg_keys


class Leaving:
    """Not thread safe.

    :param keys: the keys of members in the backend
    """

    def __init__(self, keys: sg_keys.MemberKeys) -> None:
        self._keys = keys
        self._without_reason: set[str] = set()
        self._reasons: dict[str, str] = {}

    def __bool__(self) -> bool:
        return bool(self._without_reason or self._reasons)

    def drop(self, keys: Iterable[str]) -> None:
        """Delete keys that no trace tells of: of expected services."""
        self._without_reason.update(keys)

    def end(self, handles: Iterable[sg_keys.Handle], reason: str) -> None:
        """Delete the keys of members, and say why if they were the last.

        :param reason: one of ``reasons``
        """
        self._reasons.update((each.key, reason) for each in handles)

    def delete(self) -> None:
        """Delete all that is to be deleted.

        :raises ServiceGroupUnavailable: it is still to be done
        """
        if self._without_reason:
            self._keys.delete(self._without_reason)
            self._without_reason.clear()
        if self._reasons:
            self._keys.end(self._reasons)
            self._reasons.clear()
