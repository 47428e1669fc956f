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

import datetime

from oslotest import base

from nova_sg.api import shown
from nova_sg.objects import times

MOMENT = datetime.datetime(2026, 3, 1, 8, 0, 5, 120, tzinfo=datetime.UTC)


class TestTime(base.BaseTestCase):
    def test_it_is_written_with_its_fraction_and_without_an_offset(self):
        self.assertEqual('2026-03-01T08:00:05.000120', shown.time(MOMENT))

    def test_a_fraction_of_zero_is_written_too(self):
        whole = MOMENT.replace(microsecond=0)
        self.assertEqual('2026-03-01T08:00:05.000000', shown.time(whole))

    def test_an_early_year_has_four_digits(self):
        early = MOMENT.replace(year=7)
        self.assertEqual('0007-03-01T08:00:05.000120', shown.time(early))
        self.assertEqual(times.text(early), shown.time(early))

    def test_no_time_is_none(self):
        self.assertIsNone(shown.time(None))
