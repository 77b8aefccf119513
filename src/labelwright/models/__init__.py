"""Models that are called, not trained: language models, encoders; and the everyday classifiers for what items hold.

Nothing is downloaded unless `local` is asked for a model by name.
"""

from labelwright.models.answers import Unparsed, parse_label
from labelwright.models.answers_json import parse_json
from labelwright.models.answers_values import parse_list, parse_number
from labelwright.models.features import Features, Member, of_array, of_frame, of_images, of_texts
from labelwright.models.language import (
    Completes,
    Completion,
    Message,
    ModelCannot,
    Opens,
    Prompt,
    Scores,
    Scripted,
    TokenScores,
    Usage,
    able,
)
from labelwright.models.language_transformers import Transformers
from labelwright.models.local import local
from labelwright.models.named import as_language_model
from labelwright.models.text import TextEncoder, sentence_encoder

__all__ = [
    "Completes",
    "Completion",
    "Features",
    "Member",
    "Message",
    "ModelCannot",
    "Opens",
    "Prompt",
    "Scores",
    "Scripted",
    "TextEncoder",
    "TokenScores",
    "Transformers",
    "Unparsed",
    "Usage",
    "able",
    "as_language_model",
    "local",
    "of_array",
    "of_frame",
    "of_images",
    "of_texts",
    "parse_json",
    "parse_label",
    "parse_list",
    "parse_number",
    "sentence_encoder",
]
