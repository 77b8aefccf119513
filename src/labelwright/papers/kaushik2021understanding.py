"""Do relevance maps keep every task, and tell which task an item belongs to, where other memories forget?"""

from functools import partial
from typing import Any

import numpy as np

from labelwright import data
from labelwright.papers.claim import Claim, ahead
from labelwright.shift import ContinualNet, FisherPenalty, RelevanceMaps, Replay

TASKS, TRAINED, TESTED, EPOCHS = 5, 1200, 400, 10
NEEDS = ("torch", "lightning_fabric", "safetensors")


def digits():
    """Digits of 14 x 14 in [0, 1], flat, and their classes."""
    found = data.load("mnist-10k")
    X = np.asarray(found.items, dtype=np.float32).reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4)) / 255
    return X.reshape(len(X), -1), np.asarray(found.labels).astype(int)


def permuted(rng, quick=False):
    """Five tasks of ten digits; each has an order of the pixels of its own."""
    X, y = digits()
    tasks = []
    for t in range(TASKS):
        rows = rng.permutation(len(X))[: TRAINED + TESTED]
        pixels = rng.permutation(X.shape[1]) if t else np.arange(X.shape[1])
        tasks.append((X[rows][:, pixels], y[rows]))
    return {"tasks": tasks, "seed": int(rng.integers(2**31)), "epochs": 2 if quick else EPOCHS}


def split(rng, quick=False):
    """Five tasks of two digits."""
    X, y = digits()
    tasks = []
    for pair in rng.permutation(10).reshape(TASKS, 2):
        rows = rng.permutation(np.flatnonzero(np.isin(y, pair)))[: TRAINED + TESTED]
        tasks.append((X[rows], y[rows]))
    return {"tasks": tasks, "seed": int(rng.integers(2**31)), "epochs": 2 if quick else EPOCHS}


def trained(d, memory):
    """Accuracy of each task when it was learned and at the end, and how often the task is inferred at the end."""
    net = ContinualNet(memory, epochs=d["epochs"], device="cpu", random_state=d["seed"], show=False)
    tests = [(X[TRAINED:], y[TRAINED:]) for X, y in d["tasks"]]
    fresh = []
    for t, (X, y) in enumerate(d["tasks"]):
        net.fit_task(X[:TRAINED], y[:TRAINED], t)
        fresh.append(right(net, tests[t], t))
    last = [right(net, test, t) for t, test in enumerate(tests)]
    inferred = [np.mean([said == t for said in net.infer_task(X)]) for t, (X, _) in enumerate(tests)]
    return {"fresh": np.array(fresh), "last": np.array(last), "inferred": float(np.mean(inferred))}


def right(net, test, task):
    """Accuracy with the task named."""
    return float((net.predict(test[0], task) == test[1]).mean())


def average(result, d):
    """Mean accuracy of all tasks after the last."""
    return float(result["last"].mean())


def forgetting(result, d):
    """Mean drop of the earlier tasks since they were learned."""
    return float((result["fresh"] - result["last"])[:-1].mean())


def which_task(result, d):
    """Share of items whose task is inferred."""
    return result["inferred"]


ARMS = {
    "relevance maps": partial(trained, memory=RelevanceMaps()),
    "fine-tuning": partial(trained, memory=Replay(0)),
    "EWC": partial(trained, memory=FisherPenalty(10.0)),
    "replay": partial(trained, memory=Replay(100)),
}
JOINT = {"all tasks jointly": partial(trained, memory=Replay(None))}
CHANCE = {"chance": lambda d: {"inferred": 1 / len(d["tasks"])}}
DEPARTS = (
    "digits of 14 x 14, five tasks of 1,200, two layers of 100; one rate for all arms, which with the strength of EWC "
    "was chosen on seeds 1001 and 1002; replay keeps 100 items a task, every arm has a last layer for each task"
)


def claim(name, **options):
    """A claim on permuted digits unless told otherwise."""
    given: dict[str, Any] = {
        "data": permuted,
        "arms": ARMS,
        "departs": DEPARTS,
        "needs": NEEDS,
        "budget_s": 240,
    }
    return Claim(paper="S115", name=name, **(given | options))


CLAIMS = (
    claim(
        "permuted",
        says="With relevance maps all tasks are known better than after fine-tuning, and no worse than with EWC.",
        arms=ARMS | JOINT,
        measure=average,
        holds=(
            ahead("relevance maps", of="fine-tuning", by=0.03),
            ahead("relevance maps", of="EWC", by=-0.01),
        ),
        unit="accuracy",
    ),
    claim(
        "forgetting",
        says="Relevance maps forget nothing, where fine-tuning, EWC and replay forget.",
        measure=forgetting,
        holds=(
            ahead("relevance maps", of="fine-tuning", by=0.03),
            ahead("relevance maps", of="EWC", by=0.01),
            ahead("relevance maps", of="replay", by=0.01),
        ),
        higher_is_better=False,
        unit="drop in accuracy",
    ),
    claim(
        "which-task",
        says="Relevance maps tell which task an item belongs to, far above chance and better than other memories do.",
        arms=ARMS | CHANCE,
        measure=which_task,
        holds=(
            ahead("relevance maps", of="chance", by=0.3),
            ahead("relevance maps", of="EWC"),
            ahead("relevance maps", of="replay"),
        ),
        unit="tasks inferred",
    ),
    claim(
        "split",
        says="With relevance maps all tasks are known better than after fine-tuning, and no worse than with EWC.",
        data=split,
        arms=ARMS | JOINT,
        measure=average,
        holds=(
            ahead("relevance maps", of="fine-tuning", by=0.01),
            ahead("relevance maps", of="EWC", by=-0.01),
        ),
        departs=DEPARTS.replace("five tasks of 1,200", "five tasks of two digits and 1,200 items"),
        unit="accuracy",
    ),
)
