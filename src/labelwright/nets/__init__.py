"""The torch modules that labelwright trains itself, and the one epoch function. Needs `labelwright[torch]`.

Every module returns logits (n, classes) from ``net(x)``, and with ``return_features=True`` also the last hidden
layer (n, d).
"""

# ruff: noqa: E402 - the modules can only load once torch is known to be there

from labelwright.errors import need

need("torch", extra="torch", purpose="labelwright.nets")

from labelwright.nets import views
from labelwright.nets.adapted import AdaptedHead, Corrected
from labelwright.nets.batchnorm import BatchStatistics
from labelwright.nets.cnn import SmallCNN
from labelwright.nets.epoch import Epoch
from labelwright.nets.fisher import fisher
from labelwright.nets.gcn import GCN, Nodes, normalised
from labelwright.nets.hold import hold
from labelwright.nets.low_rank import LowRank
from labelwright.nets.mlp import MLP
from labelwright.nets.relevance import RelevanceConv2d, RelevanceLinear
from labelwright.nets.seeds import seeded
from labelwright.nets.stopping import EarlyStopping
from labelwright.nets.tasks import TaskNet
from labelwright.nets.text import TextTransformer
from labelwright.nets.twin import Twin
from labelwright.nets.vit import SmallViT
from labelwright.nets.words import WordTokens

__all__ = [
    "GCN", "MLP", "AdaptedHead", "BatchStatistics", "Corrected", "EarlyStopping", "Epoch", "LowRank", "Nodes",
    "RelevanceConv2d", "RelevanceLinear", "SmallCNN", "SmallViT", "TaskNet", "TextTransformer",
    "Twin", "WordTokens", "fisher", "hold", "normalised", "seeded", "views",
]  # fmt: skip
