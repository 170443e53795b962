"""Feed-forward style transfer: train a network once, then paint in one pass (Johnson, Alahi and Li, 2016).

Notebook 10 builds the network and trains it.
"""

from stylekit.feedforward.files import (
    CheckpointError,
    facts_of,
    load_styles,
    load_transformer,
    save_transformer,
    transformers,
)
from stylekit.feedforward.motion import Steady, flicker, paint_frames
from stylekit.feedforward.network import (
    ARCHITECTURES,
    KIT,
    PAPER,
    Architecture,
    TransformationNetwork,
    count_parameters,
)
from stylekit.feedforward.noise import add_noise
from stylekit.feedforward.objective import PAPER_CONTENT_LAYERS, PAPER_STYLE_LAYERS, ManyStyles, PerceptualLoss
from stylekit.feedforward.photographs import Mosaics, Photographs, spread
from stylekit.feedforward.tiles import transform
from stylekit.feedforward.training import Schedule, TrainingStep, draw, train
