"""Does reviewing what models contradict find the wrong answers of a benchmark, and how many errors remain?"""

import numpy as np

from labelwright import data
from labelwright.audit import Decision, PlatinumBuilder
from labelwright.papers._computed import answered
from labelwright.papers._one_rater import NAMES, bayes, characters, lexicon, words
from labelwright.papers.claim import Claim, ahead

COMPUTED = 60  # questions a seed: two language models answer them on one core in about a minute
AGREED = 0.7  # share of the other raters that must take a side, or the question is ambiguous


def sentences(rng, quick=False):
    """Sentences as questions, one rater's label as the answer, four models that learned elsewhere, and a reviewer.

    The reviewer knows how all other raters took the sentence; where fewer than seven in ten agree it is ambiguous.
    """
    found = data.load("crowd-sentiment", random_state=int(rng.integers(2**31)))
    n = 1200 if quick else 6000
    rows = rng.choice(len(found.items), 2 * n, replace=False)
    texts = [found.items[i] for i in rows]
    given = np.asarray(found.labels)[rows].astype(str)
    drawn = found.extra["drawn"][rows]
    share = np.empty(len(rows))
    for j, i in enumerate(rows):
        ratings = found.extra["ratings"][i]
        sides = np.bincount(np.sign(ratings) + 1, minlength=3).astype(float)
        sides[np.sign(drawn[j]) + 1] -= 1
        share[j] = sides[2] / max(sides[0] + sides[2], 1)
    truth = np.where(share > 0.5, NAMES[1], NAMES[0])
    clear = np.maximum(share, 1 - share) >= AGREED
    train, test = slice(0, n), slice(n, None)
    models = {
        name: model.fit(texts[train], given[train]).predict(texts[test]).tolist()
        for name, model in (("words", words()), ("naive Bayes", bayes()), ("characters", characters()))
    }
    models["lexicon"] = [NAMES[int(p > 0.5)] for p in lexicon().judge(texts[test]).probs[:, 1]]
    return reviewed(models, texts[test], given[test], truth[test], clear[test], rng, NAMES)


def reviewed(models, questions, given, truth, clear, rng, choices):
    """A builder after a full review of its queue by one who knows, and what the arms need."""
    builder = asked(models, questions, given, choices)
    against = np.asarray(builder.triage()["against"])
    builder.review({int(i): verdict(given[i], truth[i], clear[i]) for i in np.flatnonzero(against > 0)})
    return {
        "builder": builder,
        "models": models,
        "questions": questions,
        "given": given,
        "truth": truth,
        "clear": clear,
        "choices": choices,
        "against": against,
        "wrong": clear & (given != truth),
        "rng": rng,
    }


def asked(models, questions, given, choices):
    """A builder that has the answers; they are texts where there are no choices."""
    builder = PlatinumBuilder(models, parser="text" if choices is None else "choice", choices=choices)
    return builder.collect(questions, given.tolist())


def verdict(given, truth, clear):
    """What the reviewer decides."""
    if not clear:
        return Decision("rejected")
    return Decision("verified") if given == truth else Decision("revised", (str(truth),))


def contradicted(least):
    """An arm: questions that at least so many models, or all, contradict."""
    return lambda d: np.flatnonzero(d["against"] >= (len(d["models"]) if least == "all" else least))


def by_one(d):
    """Questions that the first model contradicts."""
    name = next(iter(d["models"]))
    alone = asked({name: d["models"][name]}, d["questions"], d["given"], d["choices"])
    return np.flatnonzero(np.asarray(alone.triage()["against"]))


def as_many_as(arm):
    """An arm: as many questions as another would review, drawn blindly."""
    return lambda d: d["rng"].choice(len(d["given"]), len(arm(d)), replace=False)


def found_wrong(rows, d):
    """Share of the questions with a wrong answer that a review of these rows finds."""
    return float(d["wrong"][rows].sum() / d["wrong"].sum())


def yields(rows, d):
    """Share of the reviewed questions whose answer is wrong."""
    return float(d["wrong"][rows].mean()) if len(rows) else 0.0


def all_but_a_tenth(d):
    """Nine in ten of the wrong answers, as a mark to pass."""
    return np.flatnonzero(d["wrong"])[: int(np.ceil(0.9 * d["wrong"].sum()))]


def original(d):
    """Errors of each model against the original answers, in a hundred questions."""
    return [100 * d["builder"].evaluate(name).errors_before / len(d["given"]) for name in d["models"]]


def cleaned(d):
    """Errors of each model on the cleaned set."""
    results = [d["builder"].evaluate(name) for name in d["models"]]
    return [100 * r.errors / r.items for r in results]


def cleaned_blindly(d):
    """Errors after as many questions were reviewed, drawn blindly."""
    rows = d["rng"].choice(len(d["given"]), int((d["against"] > 0).sum()), replace=False)
    return cleaned_where(rows, d)


def cleaned_where(rows, d):
    """Errors of each model after a review of these rows."""
    builder = asked(d["models"], d["questions"], d["given"], d["choices"])
    builder.review({int(i): verdict(d["given"][i], d["truth"][i], d["clear"][i]) for i in rows})
    results = [builder.evaluate(name) for name in d["models"]]
    return [100 * r.errors / r.items for r in results]


def after(arm):
    """An arm: errors of each model after a review of the rows that another arm names."""
    return lambda d: cleaned_where(arm(d), d)


def mean_errors(errors, d):
    """Mean over the models."""
    return float(np.mean(errors))


def people(rng):
    """Pairs of sentences, one person's label as the answer, other people as models; the author later judges it."""
    pairs = data.load("varierr-nli", random_state=int(rng.integers(2**31)))
    votes = pairs.extra["explanations"]
    at, person = np.array(votes["item"].to_pylist()), np.array(votes["person"].to_pylist())
    said = np.array(votes["label"].to_pylist())
    given = np.asarray(pairs.labels).astype(str)
    against, asked = np.zeros(len(given), dtype=int), np.zeros(len(given), dtype=int)
    for i in range(len(given)):
        for who in set(person[at == i].tolist()) - {int(pairs.extra["drawn"][i])}:
            asked[i] += 1
            against[i] += given[i] not in said[(at == i) & (person == who)]
    wrong = ~pairs.extra["valid"][np.arange(len(given)), [pairs.classes.index(label) for label in given]]
    return {
        "against": against,
        "asked": asked,
        "given": given,
        "wrong": wrong,
        "models": range(3),
        "rng": rng,
    }


def computed(rng, quick=False):
    """Computed questions with a spoiled key; two small language models, a retrieval and a linear model answer."""
    made, said = answered(rng, 14 if quick else COMPUTED)
    clear = np.ones(len(made.given), dtype=bool)
    return reviewed(said, made.questions, made.given, made.truth, clear, rng, None)


def by_everyone(d):
    """Pairs whose label nobody else gave."""
    return np.flatnonzero((d["against"] == d["asked"]) & (d["asked"] > 1))


SENTENCES = (
    "sentences with one rater's label in place of benchmarks, four weak models in place of frontier ones, all other "
    "raters in place of a reviewer"
)
PEOPLE = (
    "people in place of models: the label of one of four, contradicted by the others; wrong is what its authors took "
    "back, knowing what the others wrote; seeds draw from the same 500 pairs"
)
TASKS = (
    "generated questions with one right answer and 20 % wrong keys of our making in place of benchmarks; two language "
    "models of 135 and 270 million weights with four solved examples in the prompt, a retrieval and a linear model in "
    "place of frontier ones; 60 questions a seed, as the budget allows no more; kinds of questions, prompt and margins "
    "were chosen with seeds from 1001, where counting words was left out because both language models guess"
)

CLAIMS = (
    Claim(
        paper="S076",
        name="any-disagreement",
        says="Reviewing what any model contradicts finds nine in ten of the wrong answers, far more than chance.",
        data=sentences,
        arms={
            "any model against": contradicted(1),
            "as many at random": as_many_as(contradicted(1)),
            "nine in ten": all_but_a_tenth,
        },
        measure=found_wrong,
        holds=(
            ahead("any model against", of="nine in ten"),
            ahead("any model against", of="as many at random", by=0.25),
        ),
        unit="share of the wrong answers found",
        departs=SENTENCES,
        budget_s=120,
    ),
    Claim(
        paper="S076",
        name="all-against",
        says="Where all models are against the answer, it is wrong far more often than where one is, or at random.",
        data=sentences,
        arms={
            "all models against": contradicted("all"),
            "two or more against": contradicted(2),
            "any model against": contradicted(1),
            "one model against": by_one,
            "random": as_many_as(contradicted("all")),
        },
        measure=yields,
        holds=(
            ahead("all models against", of="one model against", by=0.03),
            ahead("all models against", of="random", by=0.05),
        ),
        unit="share of wrong answers among those reviewed",
        departs=SENTENCES,
        budget_s=120,
    ),
    Claim(
        paper="S076",
        name="errors-fall",
        says="On the cleaned set models err less than on the original, and than after as much review at random.",
        data=sentences,
        arms={"cleaned": cleaned, "as much review at random": cleaned_blindly, "original": original},
        measure=mean_errors,
        holds=(
            ahead("cleaned", of="original", by=0.5),
            ahead("cleaned", of="as much review at random", by=0.3),
        ),
        unit="errors in a hundred questions, mean of four models",
        departs=f"{SENTENCES}; most errors that remain are the weak models' own",
        higher_is_better=False,
        budget_s=120,
    ),
    Claim(
        paper="S076",
        name="people-any",
        says="With models as good as people, what any of them contradicts holds nine in ten of the wrong labels.",
        data=people,
        arms={
            "anybody against": contradicted(1),
            "as many at random": as_many_as(contradicted(1)),
            "nine in ten": all_but_a_tenth,
        },
        measure=found_wrong,
        holds=(
            ahead("anybody against", of="nine in ten"),
            ahead("anybody against", of="as many at random", by=0.2),
        ),
        unit="share of the wrong labels found",
        departs=PEOPLE,
        budget_s=60,
    ),
    Claim(
        paper="S076",
        name="people-all",
        says="With models as good as people, a label that all contradict is wrong far more often than a random one.",
        data=people,
        arms={
            "everybody against": by_everyone,
            "anybody against": contradicted(1),
            "random": as_many_as(by_everyone),
        },
        measure=yields,
        holds=(
            ahead("everybody against", of="anybody against", by=0.1),
            ahead("everybody against", of="random", by=0.2),
        ),
        unit="share of wrong labels among those reviewed",
        departs=PEOPLE,
        budget_s=60,
    ),
    Claim(
        paper="S076",
        name="computed-all",
        says="Answers in a key that models of different kinds all contradict are wrong far more often than others.",
        data=computed,
        arms={
            "all models against": contradicted("all"),
            "three or more against": contradicted(3),
            "any model against": contradicted(1),
            "one language model against": by_one,
            "random": as_many_as(contradicted("all")),
        },
        measure=yields,
        holds=(
            ahead("all models against", of="one language model against", by=0.03),
            ahead("all models against", of="random", by=0.1),
        ),
        unit="share of wrong answers among those reviewed",
        departs=TASKS,
        budget_s=480,
        needs=("torch", "transformers", "gguf", "accelerate"),
    ),
    Claim(
        paper="S076",
        name="computed-errors",
        says="After a review of what all models contradict they err less than before, and than after one at random.",
        data=computed,
        arms={
            "reviewed where all are against": after(contradicted("all")),
            "as much review at random": after(as_many_as(contradicted("all"))),
            "reviewed where any is against": cleaned,
            "original": original,
        },
        measure=mean_errors,
        holds=(
            ahead("reviewed where all are against", of="original", by=2),
            ahead("reviewed where all are against", of="as much review at random", by=1),
        ),
        unit="errors in a hundred questions, mean of four models",
        departs=f"{TASKS}; most errors that remain are the weak models' own",
        higher_is_better=False,
        budget_s=480,
        needs=("torch", "transformers", "gguf", "accelerate"),
    ),
)
