# SPDX-License-Identifier: Apache-2.0

"""Configuration of the release notes' build."""

extensions = [
    'openstackdocstheme',
    'reno.sphinxext',
]

project = 'nova-sg Release Notes'
copyright = 'The nova-sg developers'

openstackdocs_auto_name = False

# The notes of all versions are on one page, so none is the page's own.
openstackdocs_auto_version = False
release = ''
version = ''

html_theme = 'openstackdocs'
