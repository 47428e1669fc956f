# SPDX-License-Identifier: Apache-2.0


"""The commands."""

import os
import signal
import sys

from nova_sg import _quiet  # noqa: F401

# Importing takes a moment. Ctrl-C meanwhile shall end the command without a
# traceback. Once it runs, the command handles the signal itself.
if os.path.basename(sys.argv[0]).startswith('nova-sg-'):
    signal.signal(signal.SIGINT, signal.SIG_DFL)
