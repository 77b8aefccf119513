"""Computed questions with a key that is wrong in places, and four very different models that answer them."""

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from labelwright import models
from labelwright.data.simulate import computed_questions

KINDS = ("sum", "difference", "larger", "first letter", "last letter", "letters", "last word")
SHOTS = 4  # solved questions of the same kind in a prompt
SOLVED = 400  # questions with right answers, to learn from
TOKENS = 5  # of an answer


def answered(rng, n, wrong=0.2):
    """Questions with a key, and what two language models, a retrieval and a linear model answer; none saw the key."""
    made = computed_questions(n, rng, wrong=wrong, kinds=KINDS)
    other = computed_questions(SOLVED + n, rng, wrong=0, kinds=KINDS)
    asked = set(made.questions)
    fresh = [i for i, question in enumerate(other.questions) if question not in asked][:SOLVED]
    questions, answers, kind = [other.questions[i] for i in fresh], other.truth[fresh], other.kind[fresh]
    prompts = [
        "".join(
            f"Q: {questions[j]}\nA: {answers[j]}\n\n" for j in np.flatnonzero(kind == made.kind[i])[:SHOTS]
        )
        + f"Q: {made.questions[i]}\nA:"
        for i in range(n)
    ]
    said = {
        "SmolLM2": completed("smollm2", prompts),
        "Gemma 3": completed("gemma3-270m", prompts),
        "nearest": nearest(questions, answers, made.questions),
        "linear": linear().fit(questions, answers).predict(made.questions).tolist(),
    }
    return made, said


def completed(name, prompts):
    """What a small language model writes in the rest of the line."""
    ask = models.as_function(models.local(name), max_tokens=TOKENS, stop=("\n",))
    return [ask(prompt) for prompt in prompts]


def nearest(solved, answers, questions):
    """The answer to the most similar solved question, by TF-IDF of words."""
    words = TfidfVectorizer(token_pattern=r"\w+").fit(solved)
    alike = words.transform(questions) @ words.transform(solved).T
    return [str(answers[j]) for j in np.asarray(alike.argmax(axis=1)).ravel()]


def linear():
    """A linear head on pieces of words, with every answer a class."""
    return make_pipeline(
        TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 3), sublinear_tf=True),
        LogisticRegression(C=100, max_iter=300),
    )
