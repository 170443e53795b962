"""The studio of notebook 12: your photograph or film, a style, and what comes of them, in one page.

The page stands before PyTorch is loaded: only `jobs` imports it, and that comes in behind the controls.
"""

from stylekit.studio.app import Studio
from stylekit.studio.gallery import Choice
from stylekit.studio.settings import METHODS, Settings

__all__ = ["METHODS", "Choice", "Settings", "Studio"]
