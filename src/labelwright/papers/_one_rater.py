"""Sentences with one person's view of their feeling, what all others think, and judges of them; for several papers."""

import numpy as np
from scipy.special import expit
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import ComplementNB
from sklearn.pipeline import make_pipeline

from labelwright import data
from labelwright.audit import FunctionJudge, out_of_fold
from labelwright.data.sets.crowd_sentiment import valences

NAMES = ("negative", "positive")


def words():
    """A linear model of words."""
    return make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True), LogisticRegression(max_iter=300)
    )


def bayes():
    """Complement naive Bayes of words."""
    return make_pipeline(TfidfVectorizer(ngram_range=(1, 2), min_df=2), ComplementNB())


def characters():
    """A linear model of pieces of words."""
    return make_pipeline(
        TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), min_df=3, sublinear_tf=True),
        LogisticRegression(max_iter=300),
    )


def lexicon():
    """What ten people thought of single words, summed over the sentence; it has learned from no label here."""
    mean = valences()

    def judge(texts):
        sums = [
            sum(mean.get(word.strip(".,!?;:\"'()").lower(), 0.0) for word in text.split()) for text in texts
        ]
        positive = expit(np.array(sums) / 2)
        return np.column_stack([1 - positive, positive])

    return FunctionJudge(judge, NAMES, "lexicon")


def one_against_the_others(rng, n):
    """Sentences with the sign of one person's rating, and the sign of the mean of all others'."""
    found = data.load("crowd-sentiment", random_state=int(rng.integers(2**31)))
    rows = rng.choice(len(found.items), n, replace=False)
    drawn = found.extra["drawn"][rows]
    sums = np.array([found.extra["ratings"][i].sum() for i in rows]) - drawn
    gold = np.array(NAMES)[(sums > 0).astype(int)]
    return [found.items[i] for i in rows], np.asarray(found.labels)[rows].astype(str), gold


def judges_of(given, seed):
    """Three judges that never saw the label they judge, and one that saw none."""
    trained = {"words": words(), "naive Bayes": bayes(), "characters": characters()}
    return [
        *(out_of_fold(model, given, random_state=seed, name=name) for name, model in trained.items()),
        lexicon(),
    ]
