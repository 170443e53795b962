"""A teaching kit on "A Neural Algorithm of Artistic Style" (Gatys, Ecker and Bethge, 2015).

Every public name can be imported from here (`from stylekit import stylise, load_image, load_network`); a module is
loaded when one of its names is asked for, so that what needs no PyTorch does not wait for it.
"""

import importlib

__version__ = "0.1.0"

_HOMES = {
    "assets": ("data_folder", "pictures"),
    "colour": ("keep_colour", "match_colour"),
    "errors": ("AssetError", "InputError", "Interrupted", "NonFiniteLoss", "StylekitError"),
    "feedforward": ("PerceptualLoss", "load_transformer", "save_transformer", "train", "transform", "transformers"),
    "images": ("as_image", "load_image", "resize_image", "save_image", "to_array", "to_pil"),
    "losses": (
        "content_loss",
        "content_loss_gradient",
        "gram_matrix",
        "style_layer_loss",
        "style_layer_loss_gradient",
        "style_loss",
        "total_loss",
        "total_variation",
    ),
    "networks": ("LossNetwork", "load_network", "normalised"),
    "objective": ("Objective", "Term", "painting_objective", "paper_weights"),
    "optimise": ("Step", "minimise"),
    "presets": ("PRESETS",),
    "transfer": ("coarse_to_fine", "reconstruct", "stylise", "synthesise_texture"),
    "ui": ("FeatureBrowser", "GramViewer", "LivePainting", "Studio", "WeightsExplorer"),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}
__all__ = sorted(_HOME_OF)


def __getattr__(name: str) -> object:
    """Load a public name from its module (PEP 562)."""
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
