# SPDX-License-Identifier: Apache-2.0

"""Errors between the modules of this package; callers see none of them."""

from collections.abc import Sequence

from kazoo import exceptions

from nova_sg.servicegroup.backends.zookeeper import requests

#: The connection failed, not the request: it may be asked again.
CONNECTION = (
    exceptions.ConnectionLoss,
    exceptions.ConnectionClosedError,
    exceptions.SessionExpiredError,
    exceptions.OperationTimeoutError,
    exceptions.AuthFailedError,
)

#: What ZooKeeper answers for the operations of a failed transaction that are
#: not the cause: those before it, and those after.
_BYSTANDERS = (exceptions.RolledBackError, exceptions.RuntimeInconsistency)


class _SaslRequired(exceptions.ZookeeperError):  # type: ignore[misc]
    """The server ends sessions that have not authenticated with SASL."""

    code = -124


#: kazoo has it from 2.11 on; before, one of its threads would die of it.
SASL_REQUIRED = exceptions.EXCEPTIONS.setdefault(-124, _SaslRequired)

#: What a server answers to a process without the right credential.
DENIED = (exceptions.NoAuthError, SASL_REQUIRED)


class Trouble(Exception):
    """The connection failed under a request that was sent."""


class Silence(Trouble):
    """A request was not answered in time."""


class TransactionFailed(Exception):
    """A transaction was refused as a whole.

    :param path: of the operation that is the cause
    :param error: what ZooKeeper says of it
    """

    def __init__(self, path: str, error: exceptions.ZookeeperError) -> None:
        super().__init__(f'{path}: {error!r}')
        self.path = path
        self.error = error


def failure(
    operations: Sequence[requests.Operation], results: Sequence[object]
) -> TransactionFailed | None:
    """Return why a transaction failed, None where it was done.

    :param results: the result of each of its operations
    """
    for operation, result in zip(operations, results, strict=False):
        if isinstance(result, exceptions.ZookeeperError) and not isinstance(
            result, _BYSTANDERS
        ):
            return TransactionFailed(operation.path, result)
    return None
