"""Draw what is given: pictures side by side, maps of numbers, curves, tables, diagrams. Nothing is computed here.

Every function but `table` returns a Drawing, which a notebook shows as the value of a cell: a matplotlib Figure that
pyplot no longer holds, with `alt`, what it shows in words, for those who cannot see it. Where no words are given, they
are the title and the names of what is drawn. Colours are those of Okabe and Ito, which colour-blind readers can tell
apart.
"""

from stylekit.figures.arrays import cuts, maps, numbers, table
from stylekit.figures.diagrams import Arrow, Box, diagram
from stylekit.figures.drawing import Drawing
from stylekit.figures.lines import LABEL_GAP, bars, contours, curves, loss_curves
from stylekit.figures.pictures import frames, grid, plates, strip
