"""Every figure of the slides and of Gatys' papers as a recipe, and what runs, composes, stores and shows them.

Notebook 11 shows them all; notebook 10 what is measured instead of painted.
"""

from stylekit.paper.compose import compose, write_figure
from stylekit.paper.johnson import compare, curves, keep, measured, meeting_point, summary, table_rows, time_table
from stylekit.paper.measurements import DESCENTS, MEASURED, Measurement, measurements
from stylekit.paper.panels import Panel, expected, paint, store, stored
from stylekit.paper.recipes import VARIANTS, Recipe, recipes, stand_ins
from stylekit.paper.sources import FIGURES, Figure
from stylekit.paper.sweep import SweepStep, read_panels, run, run_on_cluster
