"""Confident learning against slow oracles written from the rules."""

import numpy as np
import pytest
from sklearn.base import clone

from labelwright import Exact, InputError, Marks, Votes
from labelwright.audit import ConfidentLearning
from labelwright.audit.confident import FILTERS, keep_some_right
from labelwright.parts import noise


def drawn(seed, n=160, k=4, dtype=np.float64, coarse=False, never=True):
    """Probabilities and codes with missing ones; with `coarse` many ties, with `never` a class nobody was told."""
    rng = np.random.default_rng(seed)
    probs = rng.dirichlet(np.full(k, 0.7), n)
    if coarse:
        probs = np.round(probs * 4)
        probs[probs.sum(axis=1) == 0, 0] = 4
        probs /= probs.sum(axis=1, keepdims=True)
    codes = np.where(rng.random(n) < 0.55, probs.argmax(axis=1), rng.integers(-1, k, n))
    if never and k > 2:
        codes[codes == k - 1] = 0
    return probs.astype(dtype), codes


def slow_joint(probs, codes):
    k = probs.shape[1]
    means = [probs[codes == c, c].astype(float).mean() if (codes == c).any() else 2.0 for c in range(k)]
    cuts = (np.array(means) - noise.SLACK).astype(probs.dtype)
    joint, off = np.zeros((k, k), dtype=int), np.zeros(len(codes), dtype=bool)
    for i, code in enumerate(codes):
        reaching = [c for c in range(k) if probs[i, c] >= cuts[c]]
        if code >= 0 and reaching:
            guess = reaching[0] if len(reaching) == 1 else int(probs[i].argmax())
            joint[code, guess] += 1
            off[i] = guess != code
    return np.maximum(joint, np.eye(k, dtype=int)), off


def slow_prune_counts(joint, counts, least, share):
    """Counts to prune per [told, true] for one problem, from the words of `keep_some_right`."""
    k = len(joint)
    scaled = noise.calibrate(joint, counts)
    quota = np.zeros((k, k), dtype=int)
    right = np.zeros(k, dtype=int)
    for y in range(k):
        kept = max(scaled[y, y], least)
        lacking, others = kept - scaled[y, y], max(np.count_nonzero(scaled[y]) - 1, 1)
        rest = 0.0
        for j in range(k):
            if j != y and scaled[y].sum() > least:
                wanted = max(scaled[y, j] - lacking / others, 0)
                quota[y, j] = int(wanted * share)
                rest += wanted - quota[y, j]
        right[y] = kept + int(rest)
    return quota, right


def first_rows(rows, key, n):
    """The `n` rows with the smallest key; of equal keys those that stand first."""
    return sorted(rows, key=lambda i: (key(i), i))[: max(0, n)]


def slow_flags(rule, probs, codes, least=1, share=1.0):
    """Flags of one problem (n,), from the rule's docstring."""
    n, k = probs.shape
    joint, off = slow_joint(probs, codes)
    counts = np.array([(codes == c).sum() for c in range(k)])
    quota, right = slow_prune_counts(joint, counts, least, share)
    known = [i for i in range(n) if codes[i] >= 0]
    disagrees = [i for i in known if probs[i, codes[i]] < probs[i].max()]

    def support(i):
        return probs[i, codes[i]]

    def lead(i):
        return support(i) - max(probs[i, c] for c in range(k) if c != codes[i])

    flagged = set()
    if rule in ("prune_by_noise_rate", "both"):
        for y in range(k):
            for j in range(k):
                mine = [i for i in known if codes[i] == y and j != y]
                flagged |= set(
                    first_rows(mine, lambda i, j=j, y=y: -(probs[i, j] - probs[i, y]), quota[y, j])
                )
        flagged &= set(disagrees)
    if rule in ("prune_by_class", "both"):
        by_class = set()
        for y in range(k):
            mine = [i for i in known if codes[i] == y]
            by_class |= set(first_rows(mine, support, counts[y] - right[y]))
        by_class &= set(disagrees)
        flagged = flagged & by_class if rule == "both" else by_class
    confident = [i for i in disagrees if off[i]]
    if rule == "confident_learning":
        flagged = set(confident)
    if rule == "predicted_neq_given":
        flagged = set(disagrees)
    if rule == "low_self_confidence":
        flagged = set(first_rows(known, support, len(confident)))
    if rule == "low_normalized_margin":
        flagged = set(first_rows(known, lead, len(confident)))
    return np.isin(np.arange(n), sorted(flagged))


OPTIONS = [(1, 1.0), (5, 1.0), (1, 0.6), (30, 0.5)]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("coarse", [False, True], ids=["smooth", "ties"])
@pytest.mark.parametrize("k", [2, 3, 7, 40])
@pytest.mark.parametrize("rule", FILTERS)
def test_every_filter_equals_its_oracle(rule, k, coarse, dtype):
    for seed, (least, share) in enumerate(OPTIONS):
        probs, codes = drawn(seed, k=k, dtype=dtype, coarse=coarse)
        finder = ConfidentLearning(rule, min_per_class=least, frac_noise=share)
        found = finder.fit(probs, Exact.from_codes(codes, range(k)))
        expected = slow_flags(rule, probs, codes, least, share)
        assert found.issues_.tolist() == expected.tolist(), (least, share)
        assert found.confident_joint_.tolist() == slow_joint(probs, codes)[0].tolist()


TAG_RULES = ["prune_by_noise_rate", "prune_by_class", "both", "confident_learning", "predicted_neq_given"]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("coarse", [False, True], ids=["smooth", "ties"])
@pytest.mark.parametrize("rule", TAG_RULES)
def test_tags_are_problems_of_two_classes(rule, coarse, dtype):
    for seed, (least, share) in enumerate(OPTIONS):
        rng = np.random.default_rng(seed)
        probs = rng.random((120, 5))
        probs = (np.round(probs * 4) / 4 if coarse else probs).astype(dtype)
        marks = np.where(rng.random((120, 5)) < 0.5, probs > 0.5, rng.integers(-1, 2, (120, 5)))
        marks[:, 4] = 0  # a tag nobody has
        found = ConfidentLearning(rule, min_per_class=least, frac_noise=share).fit(probs, Marks(marks))
        one = dtype(1)
        for t in range(5):
            alone = np.stack([one - probs[:, t], probs[:, t]], axis=1)
            expected = slow_flags(rule, alone, marks[:, t], least, share)
            assert found.issues_[:, t].tolist() == expected.tolist(), (t, least, share)


@pytest.mark.parametrize("rule", ["low_self_confidence", "low_normalized_margin"])
def test_tags_least_supported_come_from_all_tags_together(rule):
    rng = np.random.default_rng(0)
    probs = rng.random((80, 3))
    marks = rng.integers(-1, 2, (80, 3))
    found = ConfidentLearning(rule).fit(probs, Marks(marks))
    support = np.where(marks < 0, np.inf, np.where(marks == 1, probs, 1 - probs))
    n = int(ConfidentLearning("confident_learning").fit(probs, Marks(marks)).issues_.sum())
    assert found.issues_.sum() == n > 0
    assert support[found.issues_].max() < support[~found.issues_].min()


@pytest.mark.parametrize("rank_by", ["self_confidence", "normalized_margin"])
@pytest.mark.parametrize("rule", FILTERS)
def test_ranking_is_sorted_and_holds_all_flagged(rule, rank_by):
    probs, codes = drawn(3, coarse=True)
    found = ConfidentLearning(rule, rank_by=rank_by).fit(probs, Exact.from_codes(codes, range(4)))
    rows = found.ranking_
    assert sorted(rows.tolist()) == np.flatnonzero(found.issues_).tolist()
    told = probs[rows, codes[rows]]
    others = probs[rows].copy()
    others[np.arange(len(rows)), codes[rows]] = -1
    quality = told if rank_by == "self_confidence" else told - others.max(axis=1)
    assert rows.tolist() == sorted(rows.tolist(), key=lambda r: (quality[list(rows).index(r)], r))


def test_items_are_ranked_by_their_worst_flagged_tag():
    probs, marks = (
        np.array([[0.9, 0.05], [0.2, 0.9], [0.9, 0.9], [0.1, 0.1]]),
        [[1, 1], [1, 1], [1, 1], [0, 0]],
    )
    found = ConfidentLearning("predicted_neq_given").fit(probs, Marks(marks))
    assert found.issues_.tolist() == [[False, True], [True, False], [False, False], [False, False]]
    assert found.ranking_.tolist() == [0, 1]
    assert found.confident_joint_.shape == (2, 2, 2)
    assert found.support_.shape == (4, 2)


@pytest.mark.parametrize("rule", FILTERS)
def test_negative_zeros_are_zeros(rule):
    probs, codes = drawn(0, coarse=True)
    signed = np.where(probs == 0, -0.0, probs)
    assert np.signbit(signed).any()
    told = Exact.from_codes(codes, range(4))
    for dtype in (np.float32, np.float64):
        plain = ConfidentLearning(rule).fit(probs.astype(dtype), told)
        odd = ConfidentLearning(rule).fit(signed.astype(dtype), told)
        assert odd.issues_.tolist() == plain.issues_.tolist()
        assert odd.confident_joint_.tolist() == plain.confident_joint_.tolist()
    certain = ConfidentLearning("predicted_neq_given").fit([[-0.0, 1.0], [1.0, -0.0]], [0, 0])
    assert certain.issues_.tolist() == [True, False]


@pytest.mark.parametrize("rule", FILTERS)
def test_precision_hardly_matters(rule):
    probs, codes = drawn(5, n=500)
    told = Exact.from_codes(codes, range(4))
    double = ConfidentLearning(rule).fit(probs, told).issues_
    single = ConfidentLearning(rule).fit(probs.astype(np.float32), told).issues_
    assert (double != single).sum() <= 1


def test_missing_labels_change_nothing_and_are_never_flagged():
    probs, codes = drawn(0)
    told, known = Exact.from_codes(codes, range(4)), codes >= 0
    assert 0 < known.sum() < len(codes)
    for rule in FILTERS:
        whole = ConfidentLearning(rule).fit(probs, told)
        part = ConfidentLearning(rule).fit(probs[known], told[known])
        assert whole.issues_[known].tolist() == part.issues_.tolist()
        assert not whole.issues_[~known].any()
        assert np.isnan(whole.support_[~known]).all()
        assert whole.error_rate_ == pytest.approx(part.error_rate_)


def test_fewer_are_flagged_with_a_smaller_share():
    probs, codes = drawn(1, n=600)
    told = Exact.from_codes(codes, range(4))
    sizes = [ConfidentLearning(frac_noise=f).fit(probs, told).issues_.sum() for f in (1.0, 0.5, 0.1)]
    assert sizes[0] > sizes[1] > sizes[2] > 0


def test_every_class_keeps_some_right():
    probs, codes = drawn(1, n=80)
    told = Exact.from_codes(codes, range(4))
    for least in (1, 10, 15):
        found = ConfidentLearning("prune_by_class", min_per_class=least).fit(probs, told)
        for c in range(4):
            kept = ((codes == c) & ~found.issues_).sum()
            assert kept >= min(least, (codes == c).sum())


def test_keep_some_right_by_hand():
    joint = np.array([[0, 6, 3], [2, 10, 0], [1, 1, 1]])
    assert keep_some_right(joint, 1, 1.0).tolist() == [[1, 5, 2], [2, 10, 0], [1, 1, 1]]
    assert keep_some_right(joint, 3, 1.0).tolist() == [[3, 3, 0], [2, 10, 0], [0, 0, 3]]
    assert keep_some_right(joint, 1, 0.5)[1].tolist() == [1, 11, 0]


def test_numbers_that_follow_from_the_joint():
    probs, codes = drawn(2)
    found = ConfidentLearning().fit(probs, Exact.from_codes(codes, list("abcd")))
    assert found.classes_.tolist() == list("abcd")
    assert found.joint_.sum(axis=1).tolist() == [(codes == c).sum() for c in range(4)]
    assert found.error_rate_ == pytest.approx(1 - np.trace(found.joint_) / (codes >= 0).sum())
    np.testing.assert_allclose(found.noise_matrix_.sum(axis=1), 1)
    np.testing.assert_allclose(found.support_[codes >= 0], probs[codes >= 0, codes[codes >= 0]])


def test_a_joint_of_ones_own_decides_how_many():
    probs, codes = drawn(4, n=300)
    told = Exact.from_codes(codes, range(4))
    counts = np.bincount(codes[codes >= 0], minlength=4)
    none = ConfidentLearning().fit(probs, told, joint=np.diag(counts))
    assert not none.issues_.any()
    assert none.error_rate_ == 0
    one = np.diag(counts)
    one[0, 0] -= 1
    one[0, 1] += 1
    found = ConfidentLearning().fit(probs, told, joint=one)
    mine = np.flatnonzero(codes == 0)
    assert np.flatnonzero(found.issues_).tolist() == [mine[(probs[mine, 1] - probs[mine, 0]).argmax()]]


def test_a_rule_of_ones_own():
    def hopeless(found, joint):
        return found.support < 0.01

    probs, codes = drawn(0)
    found = ConfidentLearning(hopeless).fit(probs, Exact.from_codes(codes, range(4)))
    assert np.flatnonzero(found.issues_).tolist() == [
        i for i in range(160) if codes[i] >= 0 and probs[i, codes[i]] < 0.01
    ]


def test_names_of_classes_do_not_matter():
    probs, codes = drawn(0, never=False)
    words = np.array(["d", "a", "c", "b"])
    labels = [None if c < 0 else words[c] for c in codes]
    by_code = ConfidentLearning().fit(probs, Exact.from_codes(codes, range(4)))
    by_name = ConfidentLearning().fit(probs, Exact(labels, classes=words))
    assert by_name.issues_.tolist() == by_code.issues_.tolist()
    order = np.argsort(words)
    sorted_names = ConfidentLearning().fit(probs[:, order], labels)  # plain labels: columns in sorted order
    assert sorted_names.issues_.tolist() == by_code.issues_.tolist()


def test_planted_errors_are_found():
    rng = np.random.default_rng(0)
    truth = rng.integers(5, size=2000)
    logits = rng.normal(size=(2000, 5)) + 3 * np.eye(5)[truth]
    probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    wrong = rng.random(2000) < 0.05
    told = np.where(wrong, (truth + rng.integers(1, 5, 2000)) % 5, truth)
    for rule in FILTERS:
        found = ConfidentLearning(rule).fit(probs, told)
        assert wrong[found.issues_].mean() > 0.3, rule
        assert found.issues_[wrong].mean() > 0.6, rule
    assert wrong[found.ranking_[:40]].mean() > 0.8


def test_it_is_an_estimator():
    finder = ConfidentLearning("both", frac_noise=0.5)
    assert finder.get_params() == {
        "filter_by": "both", "frac_noise": 0.5, "min_per_class": 1, "rank_by": "self_confidence",
    }  # fmt: skip
    assert clone(finder).get_params() == finder.get_params()
    assert finder.set_params(min_per_class=3) is finder
    assert finder.min_per_class == 3
    assert repr(ConfidentLearning("both")) == "ConfidentLearning(filter_by='both')"
    assert not hasattr(finder, "issues_")
    probs, codes = drawn(0)
    told = Exact.from_codes(codes, range(4))
    assert finder.fit(probs, told) is finder
    first = finder.issues_
    assert finder.fit(probs, told).issues_.tolist() == first.tolist()


def test_probabilities_and_labels_are_not_changed():
    probs, codes = drawn(0)
    kept, told = probs.copy(), Exact.from_codes(codes, range(4))
    for rule in FILTERS:
        ConfidentLearning(rule).fit(probs, told)
    assert np.array_equal(probs, kept)
    assert np.array_equal(told.codes, codes)


@pytest.mark.parametrize(
    ("finder", "message"),
    [
        (ConfidentLearning("nonsense"), "filter_by='nonsense' is not one of prune_by_noise_rate, "),
        (ConfidentLearning(rank_by="x"), "rank_by='x' must be 'self_confidence' or 'normalized_margin'"),
        (ConfidentLearning(frac_noise=0), r"frac_noise=0 must lie in \(0, 1\]"),
        (ConfidentLearning(frac_noise=float("nan")), "frac_noise=nan must lie in"),
    ],
)
def test_bad_settings_are_named_at_fit(finder, message):
    with pytest.raises(InputError, match=message):
        finder.fit([[0.5, 0.5]], [0])


def test_bad_labels_are_named_at_fit():
    with pytest.raises(InputError, match="not Votes"):
        ConfidentLearning().fit(np.full((1, 2), 0.5), Votes([[0, 1]]))
    with pytest.raises(InputError, match="1 classes, but the probabilities have 3 columns"):
        ConfidentLearning().fit(np.full((2, 3), 1 / 3), ["a", "a"])
    with pytest.raises(InputError, match=r"\(2, 2\), expected \(3, 2\)"):
        ConfidentLearning().fit(np.full((2, 2), 0.5), [0, 1, 0])
