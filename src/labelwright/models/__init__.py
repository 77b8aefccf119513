"""Models that are called, not trained: language models, encoders; and the everyday classifiers for what items hold.

Nothing is downloaded unless `local` is asked for a model by name.
"""

from labelwright.models.answers import Unparsed, parse_label
from labelwright.models.answers_json import parse_json
from labelwright.models.answers_values import parse_list, parse_number
from labelwright.models.cached import Cached
from labelwright.models.calls import CallFailed, Unfinished
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
from labelwright.models.language_openai import OpenAICompatible
from labelwright.models.language_transformers import Transformers
from labelwright.models.ledger import Call, Cost, CostLedger, estimate_tokens
from labelwright.models.local import local
from labelwright.models.metered import Budget, BudgetSpent, Metered, Prices
from labelwright.models.named import as_function, as_language_model
from labelwright.models.patient import GaveUp, Patient
from labelwright.models.prompting import FittedPrompt, fit
from labelwright.models.template import Template
from labelwright.models.text import TextEncoder, sentence_encoder
from labelwright.models.transcripts import Recorded, Recording

__all__ = [
    "Budget",
    "BudgetSpent",
    "Cached",
    "Call",
    "CallFailed",
    "Completes",
    "Completion",
    "Cost",
    "CostLedger",
    "Features",
    "FittedPrompt",
    "GaveUp",
    "Member",
    "Message",
    "Metered",
    "ModelCannot",
    "OpenAICompatible",
    "Opens",
    "Patient",
    "Prices",
    "Prompt",
    "Recorded",
    "Recording",
    "Scores",
    "Scripted",
    "Template",
    "TextEncoder",
    "TokenScores",
    "Transformers",
    "Unfinished",
    "Unparsed",
    "Usage",
    "able",
    "as_function",
    "as_language_model",
    "estimate_tokens",
    "fit",
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
