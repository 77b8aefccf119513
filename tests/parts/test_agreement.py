"""Agreement against its definitions in plain loops, scikit-learn, invariances; intervals against their coverage."""

import itertools

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from labelwright import InputError
from labelwright.parts.agreement import cohen, fleiss, krippendorff

SCALES = ("nominal", "ordinal", "interval", "ratio")


def ratings(seed, n=30, raters=5, k=4, silent=0.3):
    """Codes (n, raters) near a true class, some missing, and their counts (n, k)."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(k, size=(n, 1))
    said = np.clip(truth + rng.integers(-1, 2, size=(n, raters)), 0, k - 1)
    said[rng.random(said.shape) < silent] = -1
    return said, np.stack([(said == c).sum(axis=1) for c in range(k)], axis=1)


def alpha_by_hand(said, scale, values):
    """Krippendorff's definition: mean squared distance of pairs within items over that of all pairs."""
    units = [row[row >= 0] for row in said if (row >= 0).sum() >= 2]
    pool = np.concatenate(units)
    n = {c: int((pool == c).sum()) for c in range(len(values))}

    def squared(a, b):
        if scale == "nominal":
            return float(a != b)
        if scale == "ordinal":
            low, high = min(a, b), max(a, b)
            return (sum(n[g] for g in range(low, high + 1)) - (n[a] + n[b]) / 2) ** 2 if low < high else 0.0
        if scale == "interval":
            return (values[a] - values[b]) ** 2
        return ((values[a] - values[b]) / (values[a] + values[b])) ** 2 if a != b else 0.0

    seen = sum(squared(a, b) / (len(u) - 1) for u in units for a, b in itertools.permutations(u, 2)) / len(
        pool
    )
    chance = sum(squared(a, b) for a, b in itertools.permutations(pool, 2)) / (len(pool) * (len(pool) - 1))
    return 1 - seen / chance


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("seed", [0, 1])
def test_alpha_is_its_definition(scale, seed):
    said, counts = ratings(seed)
    values = np.array([0.0, 1.0, 4.0, 5.0])
    found = krippendorff(counts, scale=scale, values=values, draws=0)
    assert found.value == pytest.approx(alpha_by_hand(said, scale, values), abs=1e-12)
    assert found.n == (counts.sum(axis=1) >= 2).sum()
    assert np.isnan([found.low, found.high]).all()
    assert found.value == pytest.approx((found.observed - found.expected) / (1 - found.expected))


def test_known_values_by_hand():
    # Two raters, items 00 00 01 11: o(0,1) = 1 of 8 values, margins 5 and 3, D_o = 2/8, D_e = 2 * 15 / 56.
    counts = [[2, 0], [2, 0], [1, 1], [0, 2]]
    assert krippendorff(counts, draws=0).value == pytest.approx(1 - (2 / 8) / (30 / 56))
    # Observed 3/4, chance (5/8)^2 + (3/8)^2 = 34/64.
    assert fleiss(counts, draws=0).value == pytest.approx((3 / 4 - 34 / 64) / (1 - 34 / 64))
    # Observed 3/4; one says (1/2, 1/2), the other (3/4, 1/4): chance 1/2.
    assert cohen([0, 0, 1, 1], [0, 0, 1, 0], draws=0).value == pytest.approx(0.5)


def test_fleiss_is_its_definition_and_its_general_form():
    said, counts = ratings(2, silent=0.0)
    agree = np.mean([np.mean([a == b for a, b in itertools.permutations(row, 2)]) for row in said])
    chance = sum((said == c).mean() ** 2 for c in range(4))
    assert fleiss(counts, draws=0).value == pytest.approx((agree - chance) / (1 - chance))
    said, counts = ratings(3, silent=0.5)
    told = [row[row >= 0] for row in said if (row >= 0).any()]
    agree = np.mean([np.mean([a == b for a, b in itertools.permutations(u, 2)]) for u in told if len(u) > 1])
    chance = sum(np.mean([(u == c).mean() for u in told]) ** 2 for c in range(4))
    found = fleiss(counts, draws=0)
    assert found.value == pytest.approx((agree - chance) / (1 - chance))
    assert found.n == sum(len(u) > 1 for u in told)


@pytest.mark.parametrize("weights", [None, "linear", "quadratic"])
def test_cohen_is_that_of_scikit_learn(weights):
    said, _ = ratings(4, n=80)
    both = (said[:, :2] >= 0).all(axis=1)
    found = cohen(said[:, 0], said[:, 1], weights=weights, draws=0)
    wanted = cohen_kappa_score(said[both, 0], said[both, 1], weights=weights, labels=range(4))
    assert found.value == pytest.approx(wanted)
    assert found.n == both.sum()
    assert cohen(said[:, 1], said[:, 0], weights=weights, draws=0).value == pytest.approx(wanted)


def test_classes_may_be_renamed_on_a_nominal_scale_and_reversed_on_others():
    _, counts = ratings(5)
    order = [2, 0, 3, 1]
    for coefficient in (krippendorff, fleiss):
        a, b = coefficient(counts, draws=200), coefficient(counts[:, order], draws=200)
        assert a.value == pytest.approx(b.value)
        assert (a.low, a.high) == pytest.approx((b.low, b.high), abs=0.08)  # other draws, same law
    for scale in ("ordinal", "interval"):
        turned = krippendorff(counts[:, ::-1], scale=scale, draws=0).value
        assert turned == pytest.approx(krippendorff(counts, scale=scale, draws=0).value)
    moved = krippendorff(counts, scale="interval", values=3 + 2 * np.arange(4), draws=0).value
    assert moved == pytest.approx(krippendorff(counts, scale="interval", draws=0).value)


def test_ordinal_ranks_ignore_classes_nobody_uses_and_two_classes_have_one_scale():
    _, counts = ratings(6)
    wider = np.insert(counts, 2, 0, axis=1)
    assert krippendorff(wider, scale="ordinal", draws=0).value == pytest.approx(
        krippendorff(counts, scale="ordinal", draws=0).value
    )
    binary = counts[:, :2]
    found = [krippendorff(binary, scale=scale, draws=100) for scale in ("nominal", "ordinal", "interval")]
    np.testing.assert_allclose(found[0][:3], found[1][:3])
    np.testing.assert_allclose(found[0][:3], found[2][:3])


def test_order_of_items_and_items_with_one_vote_play_no_part_in_the_value():
    _, counts = ratings(7)
    single = np.eye(4, dtype=int)[[0, 0, 0]]
    mixed = np.vstack([single, counts[::-1]])
    for scale in SCALES:
        same = krippendorff(mixed, scale=scale, draws=50)
        assert same.value == pytest.approx(krippendorff(counts, scale=scale, draws=0).value)
        assert same.n == krippendorff(counts, draws=0).n
        assert same.low < same.value < same.high


@pytest.mark.parametrize("many", [False, True])
def test_the_bootstrap_draws_items_with_replacement(many):
    """Both ways of drawing give the law of a plain loop that draws rows."""
    _, counts = ratings(8, n=40, raters=2 if many else 6, k=2 if many else 4, silent=0.0)
    counts = np.tile(counts, (4, 1))  # three kinds of item at most, or more than a twentieth of the items
    assert (20 * len(np.unique(counts, axis=0)) < len(counts)) == many
    found = krippendorff(counts, draws=2000, rng=np.random.default_rng(1))
    rng = np.random.default_rng(2)
    plain = [
        krippendorff(counts[rng.integers(len(counts), size=len(counts))], draws=0).value for _ in range(500)
    ]
    assert found.low == pytest.approx(np.quantile(plain, 0.025), abs=0.04)
    assert found.high == pytest.approx(np.quantile(plain, 0.975), abs=0.04)


def test_pieces_of_the_bootstrap_make_the_whole(monkeypatch):
    _, counts = ratings(9)
    whole = [f(counts, draws=60) for f in (krippendorff, fleiss)]
    monkeypatch.setattr("labelwright.parts.resample.CELLS", 100)
    assert whole == [f(counts, draws=60) for f in (krippendorff, fleiss)]


def test_intervals_hold_the_truth():
    """Of 200 samples of 80 items, the intervals of about 95 % hold the value in the population."""
    rng = np.random.default_rng(10)
    truth = rng.integers(3, size=40_000)
    said = np.where(rng.random((40_000, 4)) < 0.75, truth[:, None], rng.integers(3, size=(40_000, 4)))
    counts = np.stack([(said == c).sum(axis=1) for c in range(3)], axis=1)
    rows = rng.permutation(40_000)[: 200 * 80].reshape(200, 80)

    def share(coefficient, of, whole):
        found = [coefficient(*(x[r] for x in of)) for r in rows]
        return np.mean([f.low <= whole.value <= f.high for f in found])

    for coefficient in (
        lambda c: krippendorff(c, draws=300),
        lambda c: krippendorff(c, scale="ordinal", draws=300),
        lambda c: fleiss(c, draws=300),
    ):
        assert 0.89 <= share(coefficient, [counts], coefficient(counts)) <= 0.99
    assert 0.89 <= share(lambda a, b: cohen(a, b, draws=300), said.T[:2], cohen(*said.T[:2], draws=0)) <= 0.99


def test_one_class_alone_has_no_value_and_full_agreement_is_one():
    assert np.isnan(krippendorff([[2, 0], [3, 0]]).value)
    assert np.isnan(fleiss([[2, 0], [2, 0]]).value)
    assert np.isnan(cohen([0, 0], [0, 0]).value)
    for scale in SCALES:
        assert krippendorff([[2, 0], [0, 3]], scale=scale).value == 1
    assert cohen([0, 1, 2], [0, 1, 2], weights="linear").value == 1
    assert krippendorff([[1, 1], [1, 1]], draws=0).value < 0


@pytest.mark.parametrize(
    ("counts", "options", "says"),
    [
        ([[1, 0], [0, 1]], {}, "no item has two votes"),
        ([[2, -1]], {}, r"negative or no whole numbers \(first: row 0"),
        ([[2, 0.5]], {}, "no whole numbers"),
        ([2, 1], {}, r"shape \(2,\)"),
        ([[2, 1]], {"scale": "ranks"}, "scale='ranks' must be"),
        ([[2, 1]], {"scale": "interval", "values": [1, 2, 3]}, r"one finite number for each of 2 classes"),
        ([[2, 1]], {"scale": "ratio", "values": [-1, 2]}, "starts at 0"),
        ([[2, 1]], {"draws": -1}, "draws=-1"),
        ([[2, 1]], {"level": 95}, "level=95"),
    ],
)
def test_input_that_cannot_be_used_is_named(counts, options, says):
    with pytest.raises(InputError, match=says):
        krippendorff(counts, **options)


def test_two_raters_must_be_codes_of_the_same_items():
    with pytest.raises(InputError, match="same items"):
        cohen([0, 1], [0])
    with pytest.raises(InputError, match="encode"):
        cohen(["a"], ["b"])
    with pytest.raises(InputError, match="weights='cubic'"):
        cohen([0], [1], weights="cubic")
    with pytest.raises(InputError, match="allows 0 to 1"):
        cohen([0], [2], n_classes=2)
    with pytest.raises(InputError, match="no item has two votes"):
        cohen([0, -1], [-1, 1])
