# SPDX-License-Identifier: Apache-2.0

"""Which services are alive now."""
