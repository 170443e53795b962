"""A teaching kit on "A Neural Algorithm of Artistic Style" (Gatys, Ecker and Bethge, 2015).

Every public name can be imported from here (`from stylekit import stylise, load_image, load_network`); a module is
loaded when one of its names is asked for, so that what needs no PyTorch does not wait for it.
"""

import importlib

__version__ = "0.1.0"


def lazy(space: dict, homes: dict[str, str]):
    """Return a package's __getattr__ (PEP 562), __dir__ and __all__; `space` is its globals().

    `homes` names its modules and, in words, the names that each of them offers.
    """
    package, home_of = space["__name__"], {name: module for module, names in homes.items() for name in names.split()}

    def load(name: str) -> object:
        if name not in home_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(importlib.import_module(f"{package}.{home_of[name]}"), name)

    return load, lambda: sorted([*space, *home_of]), sorted(home_of)


__getattr__, __dir__, __all__ = lazy(
    globals(),
    {
        "assets": "data_folder pictures",
        "colour": "keep_colour match_colour",
        "errors": "AssetError InputError Interrupted NonFiniteLoss StylekitError",
        "export": "painting_onnx responses_onnx",
        "feedforward": "PerceptualLoss load_transformer save_transformer train transform transformers",
        "images": "as_image load_image resize_image save_image to_array to_pil",
        "losses": "content_loss content_loss_gradient gram_matrix style_layer_loss style_layer_loss_gradient "
        "style_loss total_loss total_variation",
        "networks": "LossNetwork load_network normalised",
        "objective": "Objective Term painting_objective paper_weights",
        "optimise": "Step minimise",
        "presets": "PRESETS",
        "transfer": "coarse_to_fine reconstruct stylise synthesise_texture",
        "ui": "FeatureBrowser GramViewer LivePainting Studio WeightsExplorer",
    },
)
