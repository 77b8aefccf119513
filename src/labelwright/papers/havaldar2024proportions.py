"""Does belief propagation over bag counts and likeness beat fitting bag means, where bags are large?"""

from functools import partial

import numpy as np
from scipy.optimize import minimize
from scipy.special import logsumexp
from sklearn.decomposition import PCA
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from labelwright import data
from labelwright.evidence import Bags
from labelwright.learn import LLP, ImpreciseNet
from labelwright.papers.claim import Claim, ahead
from labelwright.parts import losses

EPOCHS = 100
NEEDS = ("torch", "lightning_fabric", "safetensors")


def bagged(rng, quick=False, name="breast-cancer", size=64, most=2000):
    """A table of two classes, its training rows in random bags of which only the counts are told."""
    X, y = fours_and_nines() if name == "four-or-nine" else table(name)
    rows = rng.permutation(len(y))[: min(most, 300 if quick else most) + 1500]
    seed = int(rng.integers(2**31))
    train, test, truth, answer = train_test_split(
        X[rows], y[rows], test_size=0.3, stratify=y[rows], random_state=seed
    )
    scale = StandardScaler().fit(train)
    bag = rng.permutation(len(train)) // size
    counts = np.array([np.bincount(truth[bag == b], minlength=2) for b in range(bag.max() + 1)])
    return {
        "X": scale.transform(train),
        "test": scale.transform(test),
        "answer": answer,
        "told": Bags(bag, counts),
        "share": (counts / counts.sum(axis=1, keepdims=True))[bag],
        "seed": seed,
        "epochs": 10 if quick else EPOCHS,
    }


def table(name):
    """Features and the codes of the two classes."""
    found = data.load(name)
    return np.asarray(found.items, dtype=float), np.unique(np.asarray(found.labels), return_inverse=True)[1]


def fours_and_nines():
    """Pictures of two digits that look alike, by 30 principal components."""
    found = data.load("mnist-10k")
    labels = np.asarray(found.labels).astype(int)
    rows = np.flatnonzero(np.isin(labels, (4, 9)))
    pixels = np.asarray(found.items)[rows].reshape(len(rows), -1) / 255
    return PCA(30, random_state=0).fit_transform(pixels), (labels[rows] == 9).astype(int)


def belief_propagation(d):
    """Ours, settings chosen by bag residual."""
    return LLP(random_state=d["seed"], show=False).fit(d["X"], d["told"]).predict_proba(d["test"])


def network(answer, d, loss, groups=None):
    """A network of two layers of 64, trained on a baseline's targets with a baseline's loss."""
    from labelwright.nets import MLP

    model = ImpreciseNet(
        lambda shape, k: MLP(shape[0], k, hidden=(64, 64)), loss=loss, views=[_as_it_is, _as_it_is], balance=0.0,
        epochs=d["epochs"], clip=1.0, device="cpu", random_state=d["seed"], show=False,
    )  # fmt: skip
    epoch = model.untrained(d["X"], 2, groups=groups)
    for _ in range(d["epochs"]):
        epoch(answer)
    return model.predict_proba(d["test"])


def bag_means(d):
    """DLLP: the mean prediction of a bag is fitted to its share."""
    return network(d["share"], d, losses.proportion, d["told"].groups)


def unbiased(d):
    """EasyLLP: each item's loss is weighted so that its mean over bags is that of the labels."""
    size, prior = d["told"].sizes[d["told"].bag][:, None], d["share"].mean(axis=0)
    return network(size * (d["share"] - prior) + prior, d, losses.cross_entropy)


def share_as_label(d):
    """Every item gets the share of its bag."""
    return network(d["share"], d, losses.cross_entropy)


def mean_map(d, penalty=1e-2):
    """MeanMap: class means solved from bag means stand in for the labels in logistic regression."""
    X = np.column_stack([d["X"], np.ones(len(d["X"]))])
    shares = d["told"].low / d["told"].sizes[:, None]
    means = np.array([X[d["told"].bag == b].mean(axis=0) for b in range(len(shares))])
    by_class = np.linalg.lstsq(shares, means, rcond=None)[0]
    wanted = d["share"].mean(axis=0)[:, None] * by_class

    def objective(flat):
        theta = flat.reshape(2, -1)
        logits = X @ theta.T
        total = logsumexp(logits, axis=1)
        value = total.mean() - (theta * wanted).sum() + penalty * (theta**2).sum()
        slope = np.exp(logits - total[:, None]).T @ X / len(X) - wanted + 2 * penalty * theta
        return value, slope.ravel()

    theta = minimize(objective, np.zeros(2 * X.shape[1]), jac=True, method="L-BFGS-B").x.reshape(2, -1)
    logits = np.column_stack([d["test"], np.ones(len(d["test"]))]) @ theta.T
    return np.exp(logits - logsumexp(logits, axis=1, keepdims=True))


def area(probs, d):
    """Area under the ROC curve on test items."""
    return float(roc_auc_score(d["answer"], probs[:, 1]))


def _as_it_is(x, generator):
    return x


ARMS = {
    "LLP-BP": belief_propagation,
    "DLLP": bag_means,
    "EasyLLP": unbiased,
    "MeanMap": mean_map,
    "share as label": share_as_label,
}


def large(table, *, name="", changed="", **options):
    """The claim for large bags of one table."""
    return Claim(
        paper="S084",
        name=name or f"large-bags-{table}",
        says="With 64 items a bag, belief propagation over counts and likeness beats fitting bag means, by 5 points.",
        data=partial(bagged, name=table),
        arms=ARMS,
        measure=area,
        holds=(
            ahead("LLP-BP", of="DLLP", by=0.05),
            *(ahead("LLP-BP", of=arm) for arm in ("EasyLLP", "MeanMap", "share as label")),
        ),
        departs="exact counts, Euclidean neighbours on standardised features, one round, two layers of 64, "
        "fixed epochs for the baselines, up to 2,450 rows" + changed,
        unit="AUC",
        needs=NEEDS,
        budget_s=240,
        **options,
    )


MORE = "; changed: 15 seeds in place of 5, whose interval was too wide for the margin"

CLAIMS = (
    large("breast-cancer"),
    large(
        "breast-cancer",
        name="large-bags-again",
        changed=MORE,
        supersedes="large-bags-breast-cancer",
        seeds=15,
    ),
    large("spambase"),
    large(
        "four-or-nine", changed="; handwritten digits by 30 principal components, where neighbours are alike"
    ),
    Claim(
        paper="S084",
        name="small-bags",
        says="With 8 items a bag the order turns: fitting bag means is ahead.",
        data=partial(bagged, size=8),
        arms=ARMS,
        measure=area,
        holds=ahead("DLLP", of="LLP-BP"),
        departs="exact counts, Euclidean neighbours on standardised features, one round, two layers, one table",
        unit="AUC",
        needs=NEEDS,
        budget_s=240,
    ),
)
