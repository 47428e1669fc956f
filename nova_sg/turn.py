# SPDX-License-Identifier: Apache-2.0

"""The one of several forked processes that does what one should do."""

import fcntl
import os


class Turn:
    """A task that one of the processes of a service does.

    Made before they are forked. The first that asks has it until it ends,
    however it ends; then the next one that asks.
    """

    def __init__(self) -> None:
        # Locks on what has no name go with their process.
        self._file = os.memfd_create('turn')

    def mine(self) -> bool:
        """Return whether it is for this process to do."""
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
