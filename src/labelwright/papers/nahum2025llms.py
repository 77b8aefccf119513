"""Do ensembles of judges find wrong labels, the surer the better, and does repairing them help?"""

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

from labelwright import models
from labelwright.audit import JudgeEnsemble, ModelJudge, repair, wordings
from labelwright.papers._one_rater import NAMES, bayes, characters, judges_of, one_against_the_others, words
from labelwright.papers.claim import Claim, ahead

EXTRA = 0.2  # share of training labels that are turned round
SHORT = 110  # characters of a sentence that the language model is asked about
SURE = 0.6  # confidence from which a label is repaired


def judged(rng, quick=False):
    """Sentences, one person's labels, what the judges say of them, and which are wrong."""
    texts, given, gold = one_against_the_others(rng, 1500 if quick else 8000)
    ensemble = JudgeEnsemble(judges_of(given, int(rng.integers(2**31))))
    flags = ensemble.flag(texts, given, show=False)
    codes = np.array([list(flags.classes).index(label) for label in given])
    rows = np.arange(len(given))
    doubts = {
        judge.name: 1 - opinion.probs[rows, codes]
        for judge, opinion in zip(ensemble.judges, ensemble.opinions_, strict=True)
    }
    return {
        "texts": texts,
        "given": given,
        "gold": gold,
        "wrong": given != gold,
        "flags": flags,
        "doubts": doubts,
        "rng": rng,
    }


def with_confidence(low, high):
    """An arm: flagged rows of such confidence."""
    return lambda d: np.flatnonzero(
        d["flags"].flagged & (d["flags"].confidence > low) & (d["flags"].confidence <= high)
    )


def any_rows(d):
    """Every row: what blind review finds."""
    return np.arange(len(d["wrong"]))


def precision(rows, d):
    """Share of the rows whose label is wrong."""
    return float(d["wrong"][rows].mean()) if len(rows) else float("nan")


def by(name):
    """An arm: doubt of one judge."""
    return lambda d: d["doubts"][name]


def pooled_doubt(d):
    """Doubt of the ensemble."""
    flags = d["flags"]
    return 1 - flags.probs[np.arange(len(flags)), flags.given]


def singles(d):
    """Doubts of all judges, each alone."""
    return list(d["doubts"].values())


def at_random(d):
    """Doubt that knows nothing."""
    return d["rng"].random(len(d["wrong"]))


def finds(doubt, d):
    """Average precision of wrong labels; of several judges its mean."""
    doubts = doubt if isinstance(doubt, list) else [doubt]
    return float(np.mean([average_precision_score(d["wrong"], one) for one in doubts]))


def scored(rng, quick=False):
    """Models trained on other sentences, to be scored on these; the surest flags, and as many rows drawn blindly."""
    d = judged(rng, quick)
    texts, given, _ = one_against_the_others(rng, 1500 if quick else 8000)
    here = set(d["texts"])
    other = [i for i, text in enumerate(texts) if text not in here]
    kinds = (words(), bayes(), characters())
    said = [m.fit([texts[i] for i in other], given[other]).predict(d["texts"]) for m in kinds]
    looked = d["flags"].rows[: len(d["given"]) // 10]
    blind = rng.choice(len(d["given"]), len(looked), replace=False)
    return d | {"said": said, "looked": looked, "blind": blind}


def after_review(which):
    """An arm: the given labels, with the truth in the rows that were looked at."""

    def labels(d):
        fixed = d["given"].copy()
        if which is not None:
            fixed[d[which]] = d["gold"][d[which]]
        return fixed

    return labels


def least_gain(labels, d):
    """Accuracy that the model gains which gains least, against the given labels on the same rows."""
    return float(min(np.mean(said == labels) - np.mean(said == d["given"]) for said in d["said"]))


def to_train_with(rng, quick=False):
    """Half of the sentences to train with, a fifth of their labels turned round; the others to test with."""
    texts, given, gold = one_against_the_others(rng, 2000 if quick else 8000)
    half = len(texts) // 2
    told = given[:half].copy()
    turned = rng.random(half) < EXTRA
    told[turned] = np.where(told[turned] == NAMES[0], NAMES[1], NAMES[0])
    judges = judges_of(told, int(rng.integers(2**31)))[:3]
    flags = JudgeEnsemble(judges).flag(texts[:half], told, show=False)
    return {
        "texts": texts[:half],
        "told": told,
        "flags": flags,
        "test": texts[half:],
        "gold": gold[half:],
        "random": rng.permutation(half),
    }


def repaired(mode):
    """An arm: rows, labels and weights after a repair."""

    def fix(d):
        if mode is None:
            return np.arange(len(d["told"])), d["told"], np.ones(len(d["told"]))
        found = repair(d["flags"], mode, SURE)
        return found.kept, found.labels.astype(str), found.weights

    return fix


def repaired_at_random(mode):
    """An arm: as many labels dropped or turned round, drawn blindly."""

    def fix(d):
        changed = d["random"][: repair(d["flags"], mode, SURE).changed]
        told, rows = d["told"].copy(), np.arange(len(d["told"]))
        if mode == "filter":
            rows = np.setdiff1d(rows, changed)
        else:
            told[changed] = np.where(told[changed] == NAMES[0], NAMES[1], NAMES[0])
        return rows, told, np.ones(len(told))

    return fix


def taught(repair_, d):
    """Accuracy of a linear model of words, trained with the repaired labels, on other sentences."""
    rows, labels, weights = repair_
    model = words()
    last = model.steps[-1][0]
    model.fit([d["texts"][i] for i in rows], labels[rows], **{f"{last}__sample_weight": weights[rows]})
    return float(np.mean(model.predict(d["test"]) == d["gold"]))


def asked(rng, quick=False):
    """Short sentences, two in five labelled wrongly, and what a small language model and trained judges say."""
    texts, given, gold = one_against_the_others(rng, 1500 if quick else 4000)
    seed = int(rng.integers(2**31))
    trained = JudgeEnsemble(judges_of(given, seed)[:3]).predict_proba(texts, show=False)
    short = np.array([len(text) <= SHORT for text in texts])
    wrong = given != gold
    picked = [
        rng.permutation(np.flatnonzero(short & (wrong == side)))[:n] for side, n in ((True, 40), (False, 60))
    ]
    rows = np.concatenate([some[: 4 if quick else None] for some in picked])
    some = [texts[i] for i in rows]
    model = models.local("smollm2")
    said = [
        ModelJudge(model, NAMES, task="sentiment", templates=[wording], show=False).judge(some).probs
        for wording in wordings()
    ]
    own = (given[rows] == NAMES[1]).astype(int)
    return {
        "said": said,
        "trained": trained[rows],
        "own": own,
        "wrong": wrong[rows],
        "rng": rng,
    }


def doubt_of(which):
    """An arm: doubt about the given labels by some of the tables, each its own ranking."""

    def doubt(d):
        model = np.mean(d["said"], axis=0)
        tables = {
            "model": [model],
            "wordings": d["said"],
            "trained": [d["trained"]],
            "all": [(model + d["trained"]) / 2],
        }[which]
        return [1 - table[np.arange(len(d["own"])), d["own"]] for table in tables]

    return doubt


def tells_apart(doubts, d):
    """Area under the ROC curve of wrong against right labels; of several rankings its mean."""
    doubts = doubts if isinstance(doubts, list) else [doubts]
    return float(np.mean([roc_auc_score(d["wrong"], one) for one in doubts]))


TRAINED = "one rater in place of a benchmark's labels, small models and a lexicon in place of prompted language models"

CLAIMS = (
    Claim(
        paper="S090",
        name="precision-grows",
        says="The surer the judges are that a label is wrong, the more often it is.",
        data=judged,
        arms={
            "over 0.7": with_confidence(0.7, 1.0),
            "0.6 to 0.7": with_confidence(0.6, 0.7),
            "0.5 to 0.6": with_confidence(0.5, 0.6),
            "any row": any_rows,
        },
        measure=precision,
        holds=(
            ahead("over 0.7", of="0.6 to 0.7"),
            ahead("0.6 to 0.7", of="0.5 to 0.6"),
            ahead("0.5 to 0.6", of="any row"),
        ),
        unit="share of wrong labels",
        departs=f"{TRAINED}; bins were chosen so that each holds a hundred flags on other seeds",
        budget_s=180,
    ),
    Claim(
        paper="S090",
        name="ensemble-finds-errors",
        says="An ensemble of judges ranks wrong labels first, better than its judges do on average and than chance.",
        data=judged,
        arms={
            "ensemble": pooled_doubt,
            "its judges, each alone": singles,
            "random": at_random,
        },
        measure=finds,
        holds=(ahead("ensemble", of="its judges, each alone"), ahead("ensemble", of="random", by=0.06)),
        unit="average precision",
        departs=f"{TRAINED}; 0.06 is twice the base rate",
        budget_s=180,
    ),
    Claim(
        paper="S090",
        name="ensemble-near-best",
        says="An ensemble is not behind any of its judges by more than half a point, so none has to be chosen.",
        data=judged,
        arms={
            "ensemble": pooled_doubt,
            "words": by("words"),
            "naive Bayes": by("naive Bayes"),
            "characters": by("characters"),
            "lexicon": by("lexicon"),
            "random": at_random,
        },
        measure=finds,
        holds=tuple(
            ahead("ensemble", of=name, by=-0.005)
            for name in ("words", "naive Bayes", "characters", "lexicon")
        ),
        unit="average precision",
        departs=f"{TRAINED}; all judges count alike, the weak lexicon too",
        budget_s=180,
    ),
    Claim(
        paper="S090",
        name="scores-rise",
        says="Models are better than reported: correcting a tenth of the labels, the surest flags, lifts all scores.",
        data=scored,
        arms={
            "surest flags corrected": after_review("looked"),
            "random rows corrected": after_review("blind"),
            "given labels": after_review(None),
        },
        measure=least_gain,
        holds=(
            ahead("surest flags corrected", of="given labels", by=0.003),
            ahead("surest flags corrected", of="random rows corrected", by=0.003),
        ),
        unit="gain in accuracy of the model that gains least",
        departs=f"{TRAINED}; all other raters correct; scored models are kin of the judges, from other sentences",
        budget_s=240,
    ),
    Claim(
        paper="S090",
        name="repair-helps",
        says="Training labels that judges contradict are better left out or turned round than kept, unlike others.",
        data=to_train_with,
        arms={
            "filter": repaired("filter"),
            "flip": repaired("flip"),
            "weight": repaired("weight"),
            "random filter": repaired_at_random("filter"),
            "random flip": repaired_at_random("flip"),
            "as they are": repaired(None),
        },
        measure=taught,
        holds=(
            ahead("filter", of="as they are"),
            ahead("flip", of="as they are"),
            ahead("filter", of="random filter", by=0.005),
            ahead("flip", of="random flip", by=0.01),
        ),
        unit="accuracy",
        departs=f"{TRAINED}; a fifth of the training labels is turned round beforehand; one threshold, 0.6",
        seeds=8,
        budget_s=180,
    ),
    Claim(
        paper="S090",
        name="language-model-judge",
        says="A language model tells wrong labels from right ones, best under several wordings, and adds to others.",
        data=asked,
        arms={
            "model, four wordings": doubt_of("model"),
            "each wording alone": doubt_of("wordings"),
            "trained judges": doubt_of("trained"),
            "model and trained judges": doubt_of("all"),
            "random": at_random,
        },
        measure=tells_apart,
        holds=(
            ahead("model, four wordings", of="random", by=0.1),
            ahead("model, four wordings", of="each wording alone"),
            ahead("model and trained judges", of="trained judges", by=0.02),
        ),
        unit="area under the ROC curve",
        departs="one model of 135 million parameters in place of large ones; short sentences, two in five labelled "
        "wrongly; the model may have seen some in its training",
        budget_s=480,
        needs=("transformers", "gguf"),
    ),
)
