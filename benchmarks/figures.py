# SPDX-License-Identifier: Apache-2.0


"""What the plots have in common: colours, names, and how they are written."""

import pathlib

import matplotlib
from matplotlib import pyplot

#: How each side is shown.
COLOURS = {'floor': '#8a8a8a', 'ours': '#1b6ca8', 'nova': '#c0392b'}
NAMES = {'ours': 'nova_sg', 'nova': 'nova 34', 'floor': 'floor'}

# Text stays text, and the same results give the same file.
matplotlib.use('svg')
matplotlib.rcParams.update({'svg.fonttype': 'none', 'svg.hashsalt': 'nova_sg'})


def save(figure: pyplot.Figure, path: pathlib.Path) -> None:
    """Write a figure, and forget it."""
    figure.tight_layout()
    figure.savefig(path, metadata={'Date': None}, bbox_inches='tight')
    pyplot.close(figure)
