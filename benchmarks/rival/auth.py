# SPDX-License-Identifier: Apache-2.0


"""What a token says, without asking keystone: paste's filter.

It stands in the pipeline where keystonemiddleware's would, and says of every
request what that says of an administrator's.
"""

from collections.abc import Callable
from typing import Any

HEADERS = {
    'HTTP_X_IDENTITY_STATUS': 'Confirmed',
    'HTTP_X_USER_ID': 'admin',
    'HTTP_X_PROJECT_ID': 'admin',
    'HTTP_X_ROLES': 'admin,manager,member,reader',
}


def filter_factory(
    _global_conf: dict[str, str], **_local: str
) -> Callable[[Any], Any]:
    def confirmed(app: Any) -> Any:
        def confirm(environ: dict[str, Any], start_response: Any) -> Any:
            environ.update(HEADERS)
            return app(environ, start_response)

        return confirm

    return confirmed
