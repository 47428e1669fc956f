# SPDX-License-Identifier: Apache-2.0

"""The commands of nova-sg-manage, one module per noun."""
