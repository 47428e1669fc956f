# SPDX-License-Identifier: Apache-2.0

"""The agent: stands for the services of a host, or of many simulated ones."""
