# SPDX-License-Identifier: Apache-2.0


"""The commands."""

import os
import signal
import sys

from nova_sg import _quiet  # noqa: F401

# What a command imports takes a moment, and who interrupts it then should not
# be shown where it was. A command that runs sees to the signal itself.
if os.path.basename(sys.argv[0]).startswith('nova-sg-'):
    signal.signal(signal.SIGINT, signal.SIG_DFL)
