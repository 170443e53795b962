"""A teaching kit on "A Neural Algorithm of Artistic Style" (Gatys, Ecker and Bethge, 2015)."""

__version__ = "0.1.0"
