"""Train the net of `HyperLabelModel` anew: ``python -m labelwright.combine.hyper.train OUT``.

Writes ``weights.npz`` and ``card.json`` into the folder OUT, in about four minutes on one core. The same seed and the
same version of torch give the same weights.
"""

import hashlib
import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from labelwright.combine.hyper.matrices import Matrices, vote_matrices
from labelwright.combine.hyper.model import HyperLabelModel
from labelwright.combine.majority import MajorityVote
from labelwright.errors import InputError, MissingPackage, need
from labelwright.evidence import Votes
from labelwright.progress import progress

MATRICES, EPOCHS, BATCH, RATE = 20_000, 16, 32, 0.005


def train(
    out: str | Path,
    *,
    matrices: int = MATRICES,
    epochs: int = EPOCHS,
    validation: int = 1000,
    random_state: int = 0,
    show: bool | None = None,
) -> dict[str, Any]:
    """Train on synthetic matrices, validate on fresh ones, and write weights and card.

    Parameters
    ----------
    out : path
        A folder, made if it is not there.
    matrices : int, default 20,000
        The same ones in every epoch.
    epochs : int, default 16
    validation : int, default 1000
        Fresh matrices that accuracy is measured on.
    random_state : int, default 0
    show : bool, optional
        Progress; by default on terminals.

    Returns
    -------
    dict
        What the card says.
    """
    torch = need("torch", extra="torch", purpose="Training the hyper label model")
    from labelwright.combine.hyper._net import HyperNet
    from labelwright.nets import Epoch, seeded
    from labelwright.parts import losses

    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    seeds = np.random.SeedSequence(random_state).spawn(3)
    drawn = vote_matrices(matrices, np.random.default_rng(seeds[0]))
    net = seeded(HyperNet, random_state)
    epoch = Epoch(
        net, drawn.votes.astype(np.float32), loss=losses.binary_cross_entropy, link=torch.sigmoid, lr=RATE,
        epochs=epochs, batch_size=BATCH, device="cpu", random_state=random_state, show=False,
    )  # fmt: skip
    with progress("training the hyper label model", total=epochs, show=show) as tick:
        for _ in range(epochs):
            epoch(drawn.truth)
            tick()
    path = folder / "weights.npz"
    np.savez(path, **{name: value.numpy() for name, value in net.state_dict().items()})  # type: ignore[arg-type]
    card = {
        "what": "Weights of labelwright.combine.HyperLabelModel, a graph net over votes.",
        "trained_on": f"{matrices} synthetic vote matrices of 20 to 200 items and 2 to 20 sources, "
        "labelwright.combine.hyper.matrices.vote_matrices; no real data",
        "how": f"{epochs} epochs in batches of {BATCH} matrices, AdamW from {RATE} along a cosine, binary "
        f"cross-entropy on items with a vote; random_state={random_state}, torch {torch.__version__}",
        "when": date.today().isoformat(),
        "loss": round(float(epoch.history[-1]), 4),
        "parameters": int(sum(value.numel() for value in net.state_dict().values())),
        "licence": "Apache-2.0",
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "validation": {
            "alike": validate(path, vote_matrices(validation, np.random.default_rng(seeds[1]))),
            "larger": validate(
                path,
                vote_matrices(
                    max(1, validation // 20), np.random.default_rng(seeds[2]), items=5000, sources=60
                ),
            ),
        },
    }
    (folder / "card.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    return card


def validate(weights: str | Path, drawn: Matrices) -> dict[str, float]:
    """Mean accuracy over matrices, of items that somebody voted on; a tie of the majority counts half.

    Returns
    -------
    dict
        ``matrices``, and the accuracies ``hyper`` and ``majority``.
    """
    right = []
    for votes, truth in zip(drawn.votes, drawn.truth):
        told = np.flatnonzero(truth >= 0)
        if len(told):
            codes = np.where(votes[told] == 0, -1, votes[told] > 0).astype(int)
            heard = Votes(codes, [0, 1])
            models = (HyperLabelModel(weights), MajorityVote())
            right.append([_accuracy(m.fit(heard).predict_proba(), truth[told]) for m in models])
    hyper, majority = np.mean(right, axis=0).round(4).tolist()
    return {"matrices": len(right), "hyper": hyper, "majority": majority}


def _accuracy(probs: np.ndarray, truth: np.ndarray) -> float:
    yes = probs[:, 1] - probs[:, 0]
    return float(np.where(np.abs(yes) < 1e-12, 0.5, (yes > 0) == truth).mean())


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python -m labelwright.combine.hyper.train OUT")
    try:
        need("torch", extra="torch", purpose="Training the hyper label model").set_num_threads(1)
        train(sys.argv[1])
    except (InputError, MissingPackage) as problem:
        raise SystemExit(str(problem)) from None
