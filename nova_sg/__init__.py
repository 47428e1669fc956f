# SPDX-License-Identifier: Apache-2.0

"""One owner and one door for the service records of OpenStack Nova."""
