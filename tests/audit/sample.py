"""Audits made by hand, for looking at and for testing the page."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from labelwright.audit.items import Items
from labelwright.audit.result import Audit, Estimate

RATE = Estimate(0.031, 0.026, 0.037)
HOSTILE = (
    "<script>window.broken = 1; alert(1)</script>",
    '"><img src=x onerror="window.broken = 2">',
    "</script><script>window.broken = 3</script>",
    "<!--<script>",
    "{{7*7}} {% raw %} ${7*7} <%= 7*7 %>",
    "\u202eright to left override\u2066 and isolates",
    "NUL \x00 bell \x07 escape \x1b[31m",
    "line\u2028separator\u2029paragraph",
    "emoji 👩‍👩‍👧‍👦 ✨ and a lone surrogate \ud83d",
    '=HYPERLINK("http://example.com/?x="&A1,"click")',
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "x" * 1_000_000,
    "nospaces" * 60,
    "&lt;b&gt; &amp; javascript:alert(1)",
    "]]> </style><style>body{display:none}</style>",
    "",
)

_OPENINGS = (
    "The plot never quite finds its feet",
    "A warm, patient film about small kindnesses",
    "I laughed exactly once",
    "The lead gives the performance of the year",
    "Two hours that feel like four",
    "Beautifully shot, and hollow at the centre",
    "My daughter wanted to watch it again at once",
    "The dialogue sounds translated twice",
    "An honest look at a family that cannot talk",
    "Every joke is in the trailer",
)
_ENDINGS = (
    "and the last act makes up for none of it.",
    "which is more than I expected from a sequel.",
    "though the score carries a few of the weaker scenes.",
    "so bring someone who likes to argue afterwards.",
    "and I would still recommend it to anyone who loved the book.",
    "but nobody in the room seemed to mind.",
    "with a final shot that I have thought about for days.",
    "and the pacing is a mess from the first scene to the last.",
)


def sentences(n: int, rng: np.random.Generator) -> list[str]:
    """Film reviews that read like film reviews."""
    middle = ("", " — ", "; ", ", ")
    return [
        f"{_OPENINGS[a]}{middle[m] or ', '}{_ENDINGS[b]}"
        + (f" Seen at the {c}th screening." if c % 5 == 0 else "")
        for a, b, m, c in zip(
            rng.integers(len(_OPENINGS), size=n),
            rng.integers(len(_ENDINGS), size=n),
            rng.integers(4, size=n),
            rng.integers(1, 90, size=n),
        )
    ]


def _near(rng: np.random.Generator, many: int, n: int) -> list[list[int]]:
    return rng.integers(n, size=(many, 3)).tolist()


def _reliability(rng: np.random.Generator, k: int) -> pd.DataFrame:
    predicted = np.linspace(0.06, 0.97, 10)
    observed = np.clip(predicted + 0.05 * np.sin(5 * predicted) + rng.normal(0, 0.01, 10), 0.01, 0.99)
    n = np.array([2200, 800, 500, 400, 350, 380, 460, 700, 1500, 6000])
    half = 1.96 * np.sqrt(observed * (1 - observed) / n * k)
    return pd.DataFrame(
        {
            "predicted": predicted,
            "observed": observed,
            "low": observed - half,
            "high": observed + half,
            "n": n,
        }
    )


def make(
    classes: Sequence[Any],
    *,
    n: int,
    issues: int,
    items: Any = None,
    rate: Estimate = RATE,
    seed: int = 0,
    like: Any = pd.DataFrame,
    sources: bool = False,
) -> Audit:
    """An audit with plausible numbers for any classes."""
    rng, k = np.random.default_rng(seed), len(classes)
    noise = rng.dirichlet(np.full(k, 0.25), size=k) * 0.07
    noise[np.diag_indices(k)] = 0
    noise[np.diag_indices(k)] = 1 - noise.sum(axis=1)
    sizes = rng.dirichlet(np.full(k, 8)) * n
    joint = (noise * sizes[:, None]).T
    given = rng.integers(k, size=issues)
    suggested = (given + 1 + rng.integers(max(k - 1, 1), size=issues)) % k if k > 1 else given
    p = np.sort(1 - 0.5 * rng.random(issues) ** 2)[::-1].copy()
    p_wrong = rng.random(n) * 0.1
    rows = rng.permutation(n)[:issues]
    p_wrong[rows] = p
    off = np.where(np.eye(k, dtype=bool), 0, joint + joint.T)
    pairs = [divmod(int(i), k) for i in np.argsort(-np.triu(off), axis=None)[: min(12, k * (k - 1) // 2)]]
    class_rate = np.clip(1 - np.diag(noise) + rng.normal(0, 0.003, k), 0.001, 1)
    few = min(issues, 24)
    names = np.empty(k, dtype=object)
    names[:] = list(classes)
    return Audit(
        n=n,
        classes=names,
        p_wrong=p_wrong,
        error_rate=rate,
        noise_matrix=noise,
        joint=joint,
        issues=like(
            {
                "row": rows,
                "given": [classes[g] for g in given],
                "suggested": [classes[s] for s in suggested],
                "p_wrong": p,
                "why": [
                    f"the model gives the other label {q:.0%}; three of its four nearest neighbours carry it"
                    for q in p
                ],
                "agree": _near(rng, issues, n),
                "disagree": _near(rng, issues, n),
            }
        ),
        by_class=like(
            {
                "class": list(classes),
                "n": np.round(sizes).astype(int),
                "error_rate": class_rate,
                "low": class_rate * 0.75,
                "high": class_rate * 1.3,
                "issues": np.bincount(given, minlength=k) if issues else np.zeros(k, dtype=int),
                "mixes_with": [
                    classes[int(j)] if off[i, j] > 0 else None for i, j in enumerate(off.argmax(axis=1))
                ],
            }
        ),
        reliability=like(_reliability(rng, k).to_dict("list")),
        duplicates=like(
            {
                "row": rows[:few],
                "twin": rows[::-1][:few],
                "similarity": np.where(np.arange(few) % 3 == 0, 1.0, 0.968),
                "given": [classes[g] for g in given[:few]],
                "twin_given": [classes[s] for s in suggested[:few]],
            }
        ),
        misfits=like(
            {
                "row": rows[-few:] if few else rows[:0],
                "given": [classes[g] for g in given[:few]],
                "best": [classes[s] for s in suggested[:few]],
                "p_best": np.linspace(0.21, 0.34, few),
            }
        ),
        overlaps=like(
            {
                "class": [classes[i] for i, _ in pairs],
                "other": [classes[j] for _, j in pairs],
                "n": [float(off[i, j]) for i, j in pairs],
                "share": [float(off[i, j] / (sizes[i] + sizes[j])) for i, j in pairs],
            }
        ),
        sources=like(
            {
                "source": ["anna", "ben", "model v2"],
                "n": [6200, 5900, 5310],
                "error_rate": [0.018, 0.024, 0.055],
                "low": [0.014, 0.019, 0.048],
                "high": [0.023, 0.03, 0.062],
                "often": [f"{classes[0]} for {classes[-1]}", None, "x"],
            }
        )
        if sources
        else None,
        notes=(
            "The column 'sentiment' was taken as the label and 'text' as what is labelled.",
            "12 rows without a label were left out.",
        ),
        settings={
            "file": "reviews.csv",
            "model": "logistic regression on word and character TF-IDF",
            "folds": 5,
            "seconds": 9.73,
            "random_state": 0,
            "versions": {"labelwright": "0.1.0", "numpy": "2.4.1", "scikit-learn": "1.8.0"},
        },
        items=items,
    )


def text_audit(issues: int = 512, n: int = 17_410, *, like: Any = pd.DataFrame, seed: int = 0) -> Audit:
    """Two classes of film reviews."""
    items = Items.texts(sentences(n, np.random.default_rng(seed)))
    return make(["negative", "positive"], n=n, issues=issues, items=items, like=like, sources=True, seed=seed)


def pictures(n: int, rng: np.random.Generator, side: int = 96) -> np.ndarray:
    """Discs and bars on plain grounds (n, side, side, 3)."""
    y, x = np.mgrid[:side, :side] / side
    made = np.empty((n, side, side, 3), dtype=np.uint8)
    for i in range(n):
        ground, ink = rng.integers(60, 255, 3), rng.integers(0, 220, 3)
        cx, cy, r, turn = *rng.uniform(0.3, 0.7, 2), rng.uniform(0.15, 0.32), rng.uniform(0, np.pi)
        across = np.abs((x - cx) * np.cos(turn) + (y - cy) * np.sin(turn))
        shape = (x - cx) ** 2 + (y - cy) ** 2 < r**2 if i % 2 else across < r / 3
        made[i] = np.where(shape[..., None], ink, ground) * (0.75 + 0.25 * y[..., None])
    return made


def image_audit(issues: int = 140, n: int = 600) -> Audit:
    """Twelve classes of pictures."""
    classes = [
        "aeroplane",
        "bicycle",
        "bird",
        "boat",
        "bottle",
        "bus",
        "car",
        "cat",
        "chair",
        "cow",
        "dining table",
        "dog",
    ]
    items = Items.images(pictures(n, np.random.default_rng(3)))
    return make(classes, n=n, issues=issues, items=items, seed=3, rate=Estimate(0.068, 0.051, 0.089))


def table_audit(k: int = 4, issues: int = 60, n: int = 900, *, like: Any = pd.DataFrame) -> Audit:
    """Rows of numbers and words; `k` classes named by numbers."""
    rng = np.random.default_rng(5)
    frame = like(
        {
            "sepal length": rng.normal(5.8, 0.8, n).tolist(),
            "sepal width": rng.normal(3, 0.4, n).tolist(),
            "petal length": rng.normal(3.7, 1.7, n).tolist(),
            "site": rng.choice(["north slope", "river", "greenhouse"], n).tolist(),
            "count": rng.integers(1, 4000, n).tolist(),
        }
    )
    return make(list(range(k)), n=n, issues=issues, items=Items.table(frame), seed=5, like=like)


def tag_audit(issues: int = 40, n: int = 800) -> Audit:
    """Several tags an item."""
    rng, tags = np.random.default_rng(7), ["drama", "comedy", "documentary", "thriller", "family", "romance"]
    base = make(tags, n=n, issues=issues, items=Items.texts(sentences(n, rng)), seed=7)
    true, extra, lost = rng.uniform(80, 300, 6), rng.uniform(1, 12, 6), rng.uniform(4, 40, 6)
    joint = np.empty((6, 2, 2))
    joint[:, 0, 0], joint[:, 0, 1], joint[:, 1, 0], joint[:, 1, 1] = (
        n - true - extra,
        lost,
        extra,
        true - lost,
    )
    noise = joint.transpose(0, 2, 1) / joint.transpose(0, 2, 1).sum(axis=2, keepdims=True)
    given = [sorted(set(rng.choice(tags, 2))) for _ in range(issues)]
    issues_frame = base.issues.assign(
        given=given, suggested=[[*g[1:], tags[i % 6]] for i, g in enumerate(given)]
    )
    return Audit(**{**vars(base), "noise_matrix": noise, "joint": joint, "issues": issues_frame})


def empty_audit() -> Audit:
    """Nothing found, because there was next to nothing."""
    full = make(["yes", "no"], n=40, issues=0, rate=Estimate(0.0, 0.0, 0.088))
    kept = {
        name: getattr(full, name).iloc[:0] for name in ("duplicates", "misfits", "overlaps", "reliability")
    }
    return Audit(**{**vars(full), **kept, "noise_matrix": np.eye(2), "notes": (), "settings": {}})


def hostile_audit() -> Audit:
    """Texts, class names, notes and settings that try to break the page."""
    n = 4 * len(HOSTILE)
    classes = [
        HOSTILE[0],
        HOSTILE[1],
        "a very long class name " * 9,
        "שלום",
        None,
        1,
        "1",
        ("tuple", 2),
        HOSTILE[5],
        "",
    ]
    made = make(classes, n=n, issues=n, items=Items.texts(list(HOSTILE) * 4), seed=11, sources=True)
    issues = made.issues.assign(
        why=pd.Series([HOSTILE[i % len(HOSTILE)] for i in range(n)], dtype=object), row=np.arange(n)
    )
    return Audit(
        **{
            **vars(made),
            "issues": issues,
            "notes": HOSTILE,
            "settings": {text[:80]: text for text in HOSTILE} | {"file": "/secret/place/" + HOSTILE[3]},
        }
    )
