# SPDX-License-Identifier: Apache-2.0


"""What is nothing to warn of; our processes import this first."""

import warnings

# oslo.messaging brings eventlet in, whether or not it is used, and that
# tells whoever runs a command of its own end. -W still shows it.
warnings.filterwarnings(
    'ignore', message=r'\s*Eventlet is deprecated', append=True
)
