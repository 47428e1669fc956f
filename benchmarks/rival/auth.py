# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.


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
