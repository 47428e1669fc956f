# SPDX-License-Identifier: Apache-2.0

"""Where service records are kept."""
