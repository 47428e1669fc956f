# SPDX-License-Identifier: Apache-2.0


"""What is nothing to warn of; our processes import this first."""

import warnings

# oslo.messaging imports eventlet, whether or not it is used, and eventlet
# warns at each start that it is deprecated. -W still shows it.
warnings.filterwarnings(
    'ignore', message=r'\s*Eventlet is deprecated', append=True
)
