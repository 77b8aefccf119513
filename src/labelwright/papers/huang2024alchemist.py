"""Do a few labelling programs stand in for asking about every sentence, and are several better than one?"""

from functools import cache

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from labelwright import data
from labelwright.combine.majority import MajorityVote
from labelwright.combine.programs import SENTIMENT, recorded_sentiment, run, write_programs
from labelwright.data.fetch import Pip, read
from labelwright.loops import fit_soft
from labelwright.papers.claim import Claim, ahead

LEXICON = "vaderSentiment-3.3.2/vaderSentiment/vader_lexicon.txt"
VADER = Pip(
    "vaderSentiment",
    {LEXICON: "1ec9c6e9ee19aade328f8beb393a6afa71a5bb3acf7d3cc22d4ef568df374bf5"},
    version="3.3.2",
    filename="vaderSentiment-3.3.2.tar.gz",
    sha256="5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9",
)
STRONGER = set(
    """
    absolutely amazingly awfully completely considerably decidedly deeply enormously entirely especially
    exceptionally extremely fabulously fully greatly highly hugely incredibly intensely majorly more most
    particularly purely quite really remarkably so substantially thoroughly totally tremendously unbelievably
    unusually utterly very
    """.split()  # noqa: SIM905 (a page of quotes)
)
WEAKER = set(
    """
    almost barely hardly kinda less little marginally occasionally partly scarcely slightly somewhat sorta
    """.split()  # noqa: SIM905 (a page of quotes)
)
TURNS = set(
    """
    aint arent cannot cant couldnt didnt doesnt dont hadnt hasnt havent isnt mightnt mustnt neither neednt never
    none nope nor not nothing nowhere shouldnt wasnt werent without wont wouldnt rarely seldom despite
    """.split()  # noqa: SIM905 (a page of quotes)
)


@cache
def lexicon():
    """Mean rating of each word, from -4 to 4."""
    lines = read(VADER)[LEXICON].decode("utf-8").splitlines()
    return {fields[0]: float(fields[1]) for line in lines if len(fields := line.split("\t")) > 2}


def annotate(text):
    """Sign of one sentence by the published VADER rules: positive number good, negative bad, 0 unsure.

    Words weigh their mean rating; strengthening, weakening and negating words among the three before change it, words
    in capitals weigh more among words that are not, and what follows a "but" counts three times what comes before.
    Punctuation only strengthens, so it does not change a sign and is left out.
    """
    ratings = lexicon()
    tokens = [t if len(s := t.strip(".,!?;:\"'()[]*-")) <= 2 else s for t in text.split()]
    words = [t.lower() for t in tokens]
    mixed = 0 < sum(t.isupper() for t in tokens) < len(tokens)
    total = []
    for i, (token, word) in enumerate(zip(tokens, words)):
        value = 0.0 if word in STRONGER or word in WEAKER else ratings.get(word, 0.0)
        if value:
            sign = np.sign(value)
            value += 0.733 * sign * (mixed and token.isupper())
            for back in (1, 2, 3):
                if i >= back and (before := words[i - back]) not in ratings:
                    change = 0.293 * ((before in STRONGER) - (before in WEAKER))
                    value += sign * change * (1.0, 0.95, 0.9)[back - 1]
                    if before.replace("'", "") in TURNS or before.endswith("n't"):
                        value *= -0.74
            if i and words[i - 1] == "no":  # has a rating of its own
                value *= -0.74
        total.append(value)
    if "but" in words:
        turn = words.index("but")
        total = [v * (0.5 if i < turn else 1.5 if i > turn else 1) for i, v in enumerate(total)]
    return float(np.sum(total))


def sentences(rng, quick=False, domains=("movies", "tweets")):
    """Sentences of films and tweets, what the programs say about those to learn from, and the crowd's answer."""
    found = data.load("crowd-sentiment", domains=domains)
    order = rng.permutation(len(found.items))[: 1500 if quick else None]
    texts = [found.items[i] for i in order]
    truth = (np.asarray(found.truth)[order] == "positive").astype(int)
    cut = len(texts) * 3 // 4
    train, test = texts[:cut], texts[cut:]
    written = write_programs(SENTIMENT, recorded_sentiment(), train[:100], n_programs=13, show=False)
    words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True).fit(train)
    return {
        "votes": run(written.programs, train, SENTIMENT, show=False),
        "train": train,
        "test": test,
        "X": words.transform(train),
        "X_test": words.transform(test),
        "truth": truth[:cut],
        "answer": truth[cut:],
    }


def end_model(targets, covered, d):
    """Classes of the test sentences by a model that learned from the targets of the covered ones."""
    rows = np.flatnonzero(covered)
    model = fit_soft(LogisticRegression(max_iter=1000), d["X"][rows], targets[rows])
    return model.predict_proba(d["X_test"]).argmax(axis=1)


def programs(d):
    """All programs, their votes shared out, then the end model."""
    said = d["votes"].wide() >= 0
    return end_model(MajorityVote().fit(d["votes"]).predict_proba(d["votes"]), said.any(axis=1), d)


def widest(d):
    """The one program that answers most often, then the end model."""
    wide = d["votes"].wide()
    answers = wide[:, (wide >= 0).sum(axis=0).argmax()]
    return end_model(np.eye(2)[answers], answers >= 0, d)


def best_program(d):
    """The one program whose end model is best on the test sentences, which nobody knows beforehand."""
    wide = d["votes"].wide()
    made = [
        end_model(np.eye(2)[said], said >= 0, d) for said in wide.T if len(set(said[said >= 0].tolist())) == 2
    ]
    return max(made, key=lambda said: accuracy(said, d))


def asked(texts):
    """Answer of the annotator for each text; where it is unsure, the class it named most often."""
    signs = np.sign([annotate(text) for text in texts])
    return np.where(signs == 0, signs.sum() > 0, signs > 0).astype(int)


def annotator(d):
    """Every test sentence is put to the annotator."""
    return asked(d["test"])


def annotator_model(d):
    """Every training sentence is put to the annotator, then the end model."""
    return end_model(np.eye(2)[asked(d["train"])], np.ones(len(d["train"]), dtype=bool), d)


def one_class(d):
    """The class that the programs named most often, for all."""
    return np.full(len(d["answer"]), d["votes"].counts.sum(axis=0).argmax())


def by_hand(d):
    """The crowd's answers to learn from: what the end model could do."""
    return end_model(np.eye(2)[d["truth"]], np.ones(len(d["truth"]), dtype=bool), d)


def accuracy(said, d):
    """Share of test sentences where the answer is the crowd's."""
    return float(np.mean(said == d["answer"]))


ARMS = {
    "programs": programs,
    "widest program": widest,
    "annotator": annotator,
    "annotator's labels": annotator_model,
    "one class": one_class,
    "crowd's labels": by_hand,
}
DEPARTS = (
    "13 programs that we wrote ourselves, blind to the labels, in place of a model's output; rules and the lexicon of "
    "VADER in place of a language model that is asked about each sentence; films and tweets; majority vote, TF-IDF and "
    "logistic regression"
)

CLAIMS = (
    Claim(
        paper="S043",
        name="near-the-annotator",
        says="A model taught by the votes of a few programs is at most 5 points behind asking about every sentence.",
        data=sentences,
        arms=ARMS,
        measure=accuracy,
        holds=(ahead("programs", of="annotator", by=-0.05), ahead("programs", of="one class")),
        departs=DEPARTS,
        unit="accuracy",
    ),
    Claim(
        paper="S043",
        name="several-programs",
        says="Several programs and a label model teach the end model more than the one that answers most often.",
        data=sentences,
        arms={name: ARMS[name] for name in ("programs", "widest program", "one class")},
        measure=accuracy,
        holds=ahead("programs", of="widest program"),
        departs=DEPARTS,
        unit="accuracy",
    ),
    Claim(
        paper="S043",
        name="beyond-the-best-program",
        says="Several programs teach the end model more than the best one alone, were it known which that is.",
        data=sentences,
        arms={"programs": programs, "best program": best_program},
        measure=accuracy,
        holds=ahead("programs", of="best program"),
        departs=DEPARTS + "; the best is chosen on the test sentences, against the programs",
        unit="accuracy",
    ),
)
