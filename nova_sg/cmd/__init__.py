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


"""The commands."""

import os
import signal
import sys

from nova_sg import _quiet  # noqa: F401

# What a command imports takes a moment, and who interrupts it then should not
# be shown where it was. A command that runs sees to the signal itself.
if os.path.basename(sys.argv[0]).startswith('nova-sg-'):
    signal.signal(signal.SIGINT, signal.SIG_DFL)
