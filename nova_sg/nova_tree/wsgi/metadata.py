# SPDX-License-Identifier: Apache-2.0

"""The metadata API of nova with nova_sg inside."""

from nova_sg.nova_tree import wsgi

application = wsgi.load('metadata')
