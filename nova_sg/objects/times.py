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

"""How REST and the commands write a time."""

import datetime

FORMAT = '%04d-%02d-%02dT%02d:%02d:%02d.%06d'


def text(moment: datetime.datetime | None) -> str | None:
    """Return a time, aware and in UTC, as nova's REST API writes it."""
    if moment is None:
        return None
    # What isoformat() makes, without the offset, in a third of its time.
    return FORMAT % (
        moment.year,
        moment.month,
        moment.day,
        moment.hour,
        moment.minute,
        moment.second,
        moment.microsecond,
    )
