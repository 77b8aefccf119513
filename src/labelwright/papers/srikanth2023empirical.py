"""Does the mean loss over a short training find wrong labels, and does removing what it finds help?"""

import numpy as np
from sklearn.metrics import average_precision_score
from sklearn.neural_network import MLPClassifier

from labelwright import data
from labelwright.audit.dynamics import area_under_margin, keep_after_removal, late_loss, record
from labelwright.data import simulate
from labelwright.evidence import Exact
from labelwright.loops import cross_fit
from labelwright.papers.claim import Claim, ahead
from labelwright.parts import scores

EPOCHS = 20


def net():
    """The network every arm trains."""
    return MLPClassifier((128,), batch_size=64, learning_rate_init=0.003)


def spoiled_digits(rng, quick=False, noise=simulate.symmetric):
    """MNIST digits with 20 % of the labels wrong, one training run recorded, and cross-fitted probabilities."""
    digits = data.load("mnist-10k")
    rows = rng.choice(len(digits.labels), 600 if quick else 3000, replace=False)
    X = np.asarray(digits.items)[rows].reshape(len(rows), -1).astype(np.float32) / 255
    truth = np.asarray(digits.labels)[rows].astype(int)
    spoiled = noise(truth, 0.2, rng, n_classes=10)
    seed = int(rng.integers(2**31))
    told = Exact(spoiled.labels)
    model = MLPClassifier(
        (128,), batch_size=64, learning_rate_init=0.003, max_iter=EPOCHS, early_stopping=False
    )
    return {
        "wrong": np.asarray(spoiled.wrong),
        "seen": record(net(), X, told, epochs=3 if quick else EPOCHS, random_state=seed, show=False),
        "told": told,
        "model": model,
        "X": X,
        "seed": seed,
        "rng": rng,
    }


def confident(found):
    """Doubt by cross-fitted probabilities of the same network: five trainings in place of one."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the network is stopped early on purpose
        probs = cross_fit(found["model"], found["X"], found["told"], random_state=found["seed"], show=False)
    return scores.doubt(probs, found["told"])


def found_first(suspicion, found):
    """Average precision of the suspicion for wrong labels."""
    return average_precision_score(found["wrong"], suspicion)


def small_digits(rng, quick=False):
    """300 digits with 20 % wrong labels to learn from, 1,497 clean ones to test on."""
    digits = data.load("digits")
    X, truth = np.asarray(digits.items, dtype=float) / 16, np.asarray(digits.labels).astype(int)
    order = rng.permutation(len(X))
    train, test = order[:300], order[300:]
    spoiled = simulate.symmetric(truth[train], 0.2, rng, n_classes=10)
    told, seed = Exact(spoiled.labels), int(rng.integers(2**31))
    seen = record(net(), X[train], told, epochs=EPOCHS, random_state=seed, show=False)
    return {
        "X": X,
        "train": train,
        "test": test,
        "truth": truth,
        "told": told,
        "seen": seen,
        "seed": seed,
        "rng": rng,
    }


def accuracy_without(suspicion, found):
    """Accuracy on clean digits of a network trained on what is left when the most doubtful fifth is removed."""
    codes = found["told"].codes
    kept = np.ones(len(codes), dtype=bool) if suspicion is None else keep_after_removal(suspicion, codes, 0.2)
    model, rng = net().set_params(random_state=found["seed"] % 2**31), np.random.default_rng(found["seed"])
    X, y = found["X"][found["train"]][kept], codes[kept]
    for _ in range(60):
        order = rng.permutation(len(X))
        model.partial_fit(X[order], y[order], classes=np.arange(found["told"].n_classes))
    return model.score(found["X"][found["test"]], found["truth"][found["test"]])


CLAIMS = (
    Claim(
        paper="S117",
        name="finds-wrong-labels",
        says="The mean loss over one short training finds wrong labels about as well as confident learning.",
        data=spoiled_digits,
        arms={
            "mean loss": lambda found: late_loss(found["seen"]),
            "mean margin": lambda found: area_under_margin(found["seen"]),
            "confident": confident,
            "random": lambda found: found["rng"].random(len(found["wrong"])),
        },
        measure=found_first,
        holds=(ahead("mean loss", of="confident", by=-0.02), ahead("mean loss", of="random", by=0.3)),
        unit="average precision",
        departs="3,000 MNIST digits and a network of one hidden layer in place of image sets and large networks",
        budget_s=240,
    ),
    Claim(
        paper="S117",
        name="removal-helps",
        says="Removing what the mean loss finds and training again helps where data are few.",
        data=small_digits,
        arms={
            "removed": lambda found: late_loss(found["seen"]),
            "random removal": lambda found: found["rng"].random(len(found["train"])),
            "nothing removed": lambda found: None,
        },
        measure=accuracy_without,
        holds=(
            ahead("removed", of="nothing removed", by=0.02),
            ahead("removed", of="random removal", by=0.02),
        ),
        unit="accuracy",
        departs="300 digits of 8 x 8 pixels with simulated symmetric noise",
        seeds=10,
        budget_s=120,
    ),
)
