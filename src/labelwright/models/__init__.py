"""Numbers for items, and the everyday classifiers that go with them; nothing is downloaded."""

from labelwright.models.features import Features, Member, of_array, of_frame, of_images, of_texts
from labelwright.models.text import TextEncoder, sentence_encoder

__all__ = [
    "Features",
    "Member",
    "TextEncoder",
    "of_array",
    "of_frame",
    "of_images",
    "of_texts",
    "sentence_encoder",
]
