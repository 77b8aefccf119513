"""Label models by the names that people and the command call them."""

from collections.abc import Callable

from labelwright.combine.base import LabelModel
from labelwright.combine.dawid_skene import DawidSkene
from labelwright.combine.glad import GLAD
from labelwright.combine.hyper import HyperLabelModel
from labelwright.combine.majority import MajorityVote
from labelwright.combine.metal import MeTaL
from labelwright.combine.triplet import TripletModel
from labelwright.errors import InputError
from labelwright.parts import confusions

METHODS: dict[str, Callable[[], LabelModel]] = {
    "dawid-skene": DawidSkene,
    "majority": MajorityVote,
    "weighted-majority": lambda: DawidSkene(confusions.alike),
    "separate": lambda: DawidSkene(confusions.separate),
    "one-coin": lambda: DawidSkene(confusions.one_coin),
    "class-coins": lambda: DawidSkene(confusions.class_coins),
    "mace": lambda: DawidSkene(confusions.spammer),
    "ibcc": lambda: DawidSkene(confusions.variational),
    "fast": lambda: DawidSkene(hard=True),
    "glad": GLAD,
    "hyper": HyperLabelModel,
    "metal": MeTaL,
    "triplet": TripletModel,
}


def method(name: str) -> LabelModel:
    """A label model by its name.

    Examples
    --------
    >>> method("mace")  # doctest: +ELLIPSIS
    DawidSkene(confusion=<function spammer at 0x...>)
    """
    if name not in METHODS:
        raise InputError(f"method={name!r} is none of auto, {', '.join(METHODS)}")
    return METHODS[name]()
