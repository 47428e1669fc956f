# SPDX-License-Identifier: Apache-2.0

"""Configuration of the API reference's build."""

extensions = ['openstackdocstheme', 'os_api_ref']

project = 'nova-sg API reference'
copyright = 'The nova-sg developers'

# The name is the one above, not one derived from a repository's.
openstackdocs_auto_name = False

html_theme = 'openstackdocs'
html_theme_options = {'sidebar_mode': 'toc'}
