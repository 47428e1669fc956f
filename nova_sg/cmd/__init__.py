# SPDX-License-Identifier: Apache-2.0


"""The commands."""

import atexit
import gc
import os
import signal
import sys

from nova_sg import _quiet  # noqa: F401

_PROGRAM = os.path.basename(sys.argv[0])

# Importing takes a moment. Ctrl-C meanwhile shall end the command without a
# traceback. Once it runs, the command handles the signal itself.
if _PROGRAM.startswith('nova-sg-'):
    signal.signal(signal.SIGINT, signal.SIG_DFL)
if _PROGRAM.startswith('nova-sg-') and _PROGRAM != 'nova-sg-run':
    # The garbage collector would look at each class and function again and
    # again, and find none to free: a third of the time of a short command,
    # most of it at its end. common.run() lets the collector work again.
    gc.disable()
    atexit.register(gc.freeze)
