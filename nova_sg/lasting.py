# SPDX-License-Identifier: Apache-2.0

"""An error that lasts is logged once, however often it comes."""

import logging
from typing import Any

from nova_sg import exception
from nova_sg import texts


class Trouble:
    """What is tried again and again, and may fail for a while.

    :param log: the log of the module that tries
    :param told: what is logged of an error of ours, in one line, with a place
        for it
    :param unexpected: what is logged of any other, with its traceback
    :param recovered: what is logged once it succeeds again; None for nothing
    """

    def __init__(
        self,
        log: Any,
        told: str,
        unexpected: str,
        recovered: str | None = None,
    ) -> None:
        self._log: logging.Logger = log
        self._told = told
        self._unexpected = unexpected
        self._recovered = recovered
        #: Of which kind the last error was.
        self._kind: type[Exception] | None = None

    def failed(self, error: Exception, level: int = logging.WARNING) -> None:
        """Log an error, unless it is of the kind of the last one.

        :param level: of an error of ours
        """
        # Before it is logged: other threads fail meanwhile.
        last, self._kind = self._kind, type(error)
        if last is not type(error):
            if isinstance(error, exception.NovaSgException):
                self._log.log(level, self._told, texts.one_line(str(error)))
            else:
                self._log.error(self._unexpected, exc_info=error)

    def over(self) -> None:
        """Note that it has succeeded."""
        last, self._kind = self._kind, None
        if last is not None and self._recovered is not None:
            self._log.info(self._recovered)
