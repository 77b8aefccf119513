"""Bags: Bayes by enumeration, what counts must keep however large the bag, and the ways to give them."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelwright import Bags, Exact, InputError
from labelwright.evidence import counting
from labelwright.testing import check_evidence, enumerate_labels

SLOWLY = settings(derandomize=True, deadline=None, max_examples=40)
SEEDS = st.integers(0, 2**31 - 1)
HALF = [[0.5, 0.5]]


def normalised(table):
    return table / table.sum(axis=1, keepdims=True)


def two(second):
    second = np.asarray(second, dtype=float)
    return np.stack([1 - second, second], axis=1)


def told_of(bag, labels, k):
    return np.array([np.bincount(labels[bag == b], minlength=k) for b in np.unique(bag[bag >= 0])])


def drawn(seed):
    """Bags of few items, some items in none, counts or intervals, and probabilities with zeros now and then."""
    rng = np.random.default_rng(seed)
    n, k = rng.integers(1, 7), rng.integers(1, 4)
    bag = rng.integers(-1, 2, n)
    counts = told_of(bag, rng.integers(k, size=n), k).reshape(-1, k)
    room = rng.integers(0, 3, (2, *counts.shape)) * (rng.random() < 0.5)
    sizes = counts.sum(axis=1, keepdims=True)
    low, high = np.maximum(counts - room[0], 0), np.minimum(counts + room[1], sizes)
    probs = rng.dirichlet(np.ones(k), n)
    if rng.random() < 0.5:
        probs = normalised(
            np.where(probs < 0.3, 0, probs) + 1e-300 * (probs == probs.max(axis=1, keepdims=True))
        )
    return Bags.between(bag, low, high, range(k)), bag, low, high, probs


def enumerated(bag, low, high, probs):
    """Posterior and log-evidence over all labelings, and the log-probability of the rest by item and class."""
    (n, k), total = probs.shape, 0.0
    mass, rest = np.zeros((n, k)), np.zeros((n, k))
    for labels in itertools.product(range(k), repeat=n):
        labels = np.array(labels)
        found = told_of(bag, labels, k).reshape(-1, k)
        if not ((low <= found) & (found <= high)).all():
            continue
        each = probs[np.arange(n), labels]
        total += each.prod()
        mass[np.arange(n), labels] += each.prod()
        for i in range(n):
            rest[i, labels[i]] += np.delete(each, i).prod()
    return mass, total, rest


@SLOWLY
@given(SEEDS)
def test_posterior_and_log_evidence_equal_enumeration(seed):
    told, bag, low, high, probs = drawn(seed)
    mass, total, rest = enumerated(bag, low, high, probs)
    if total == 0:
        with pytest.raises(InputError, match="impossible"):
            told.posterior(probs)
    else:
        np.testing.assert_allclose(told.posterior(probs), mass / total, atol=1e-10)
        np.testing.assert_allclose(told.log_evidence(probs).sum(), np.log(total), atol=1e-10)
    if len(told.names) == 1 and (bag >= 0).all():
        message = told.message(probs)
        np.testing.assert_array_equal(np.isneginf(message), rest == 0)
        np.testing.assert_allclose(np.exp(message), rest, atol=1e-12)


@SLOWLY
@given(SEEDS)
def test_likelihood_of_a_labeling_is_whether_all_counts_fit(seed):
    told, bag, low, high, probs = drawn(seed)
    rng = np.random.default_rng(seed)
    for _ in range(10):
        labels = rng.integers(probs.shape[1], size=len(bag))
        found = told_of(bag, labels, probs.shape[1]).reshape(-1, probs.shape[1])
        assert told.likelihood_of(labels) == float(((low <= found) & (found <= high)).all())


INSTANCES = {
    "two classes, an item in no bag": Bags([0, 1, 0, -1, 1, 1], [[1, 1], [1, 2]]),
    "names, a pure bag": Bags(
        ["x", "y", "x", "x"], {"x": {"a": 2, "c": 1}, "y": {"b": 1}}, classes=["a", "b", "c"]
    ),
    "intervals": Bags.between([0, 0, 0, 1, 1], [[0, 1, 0], [0, 0, 2]], [[2, 2, 1], [0, 0, 2]]),
}


@pytest.mark.parametrize("told", INSTANCES.values(), ids=INSTANCES)
def test_the_contract(told):
    check_evidence(told)
    check_evidence(told.noisy(0.2))


@pytest.mark.parametrize("count", [0, 1, 17, 3000, 9999, 10_000])
def test_posteriors_of_ten_thousand_items_add_up_to_the_count(count):
    second = np.random.default_rng(0).beta(0.3, 0.3, 10_000)
    told = Bags(np.zeros(10_000, int), [count])
    posterior, log_evidence = told.condition(two(np.clip(second, 1e-12, 1 - 1e-12)))
    assert posterior[:, 1].sum() == pytest.approx(count, abs=1e-6)
    assert np.isfinite(log_evidence).all()
    assert np.ptp(log_evidence) < 1e-9
    if count in (0, 10_000):
        assert set(posterior[:, 1]) == {count / 10_000}  # exactly 0 or 1


@pytest.mark.parametrize("k", [2, 3, 12])
def test_pure_bags_are_certain(k):
    probs = np.random.default_rng(k).dirichlet(np.ones(k), 200)
    counts = np.zeros((1, k), int)
    counts[0, 1] = 200
    told = Bags(np.zeros(200, int), counts)
    assert told.exact.all()
    np.testing.assert_array_equal(told.posterior(probs), np.eye(k)[np.ones(200, int)])
    assert told.log_evidence(probs).sum() == pytest.approx(np.log(probs[:, 1]).sum())


def test_one_class_told_against_many_is_two_classes():
    rng = np.random.default_rng(0)
    probs = rng.dirichlet(np.ones(30), 500)
    low, high = np.zeros((1, 30), int), np.full((1, 30), 500)
    low[0, 4], high[0, 4] = 40, 60
    told = Bags.between(np.zeros(500, int), low, high)
    assert told.exact.all()
    slim = Bags.between(np.zeros(500, int), [40], [60])
    posterior, alone = told.posterior(probs), slim.posterior(two(probs[:, 4]))
    np.testing.assert_allclose(posterior[:, 4], alone[:, 1], atol=1e-12)
    others = np.delete(np.arange(30), 4)
    np.testing.assert_allclose(normalised(posterior[:, others]), normalised(probs[:, others]), atol=1e-12)


def test_limits_are_narrowed_by_the_others():
    told = Bags.between([0] * 5, [[0, 0, 2]], [[1, 5, 3]])
    assert told.low.tolist() == [[0, 1, 2]]
    assert told.high.tolist() == [[1, 3, 3]]
    assert Bags.between([0] * 5, [[1, 2, 0]], [[1, 2, 5]]).counts.tolist() == [[1, 2, 2]]


def test_nothing_told_gives_the_probabilities_back():
    probs = np.random.default_rng(0).dirichlet(np.ones(4), 6)
    told = Bags.between([0, 0, 0, 1, 1, None], [[0] * 4] * 2, [[3] * 4, [2] * 4])
    np.testing.assert_allclose(told.posterior(probs), probs, atol=1e-14)
    assert told.log_evidence(probs).sum() == pytest.approx(0, abs=1e-12)


def test_counting_leaves_out_the_most_frequent_class(monkeypatch):
    """Where it stands among the classes must not decide how large the table gets."""
    seen = []

    def spy(logs, low, high, out):
        seen.append(high.tolist())
        out[:] = 0

    monkeypatch.setattr(counting, "several_classes", spy)
    for counts in ([60, 3, 2], [3, 60, 2], [2, 3, 60]):
        Bags([0] * 65, [counts]).message(np.full((65, 3), 1 / 3))
    assert seen == [[2, 3, 60]] * 3


def test_which_bags_are_exact():
    sizes = [600, 600, 5, 600]
    bag = np.repeat(np.arange(4), sizes)
    counts = [[300, 300, 0, 0], [150, 150, 150, 150], [2, 1, 1, 1], [600, 0, 0, 0]]
    told = Bags(bag, counts)
    assert told.exact.tolist() == [True, False, True, True]
    assert "approximate=1" in repr(told)


@pytest.mark.parametrize("alpha", [0.02, 0.3, 5.0])
def test_approximate_posteriors_add_up_to_the_counts(alpha):
    rng = np.random.default_rng(0)
    probs = normalised(rng.dirichlet(np.full(20, alpha), 600) + 1e-12)
    counts = np.bincount(rng.integers(20, size=600), minlength=20)
    told = Bags(np.zeros(600, int), [counts])
    assert not told.exact.any()
    posterior, log_evidence = told.condition(probs)
    np.testing.assert_allclose(posterior.sum(axis=0), counts, atol=1e-6)
    assert np.ptp(log_evidence) < 1e-9


def test_a_thousand_classes():
    rng = np.random.default_rng(0)
    probs = normalised(rng.dirichlet(np.full(1000, 0.05), 300) + 1e-9)
    counts = np.bincount(rng.integers(1000, size=300), minlength=1000)
    told = Bags(np.zeros(300, int), [counts])
    posterior = told.posterior(probs)
    np.testing.assert_allclose(posterior.sum(axis=0), counts, atol=1e-6)
    assert (posterior[:, counts == 0] == 0).all()


def test_approximate_bags_with_certain_items_and_impossible_classes():
    rng = np.random.default_rng(0)
    m, k = 300, 5
    truth = rng.integers(k, size=m)
    probs = rng.dirichlet(np.ones(k), m)
    probs[:100] = np.eye(k)[truth[:100]]
    probs[100:200, 0] = np.where(truth[100:200] == 0, probs[100:200, 0], 0.0)
    probs = normalised(probs)
    told = Bags(np.zeros(m, int), [np.bincount(truth, minlength=k)])
    assert not told.exact.any()
    posterior = told.posterior(probs)
    np.testing.assert_array_equal(posterior[:100], probs[:100])
    np.testing.assert_allclose(posterior.sum(axis=0), np.bincount(truth, minlength=k), atol=1e-6)
    assert (posterior[probs == 0] == 0).all()


def test_impossible_is_said_also_of_approximate_bags():
    m = 300
    probs = np.tile([0.5, 0.5, 0.0, 0.0], (m, 1))
    probs[m // 2 :] = [0.0, 0.0, 0.5, 0.5]
    told = Bags(np.repeat([0, 1], [1, m]), [[1, 0, 0, 0], [80, 80, 70, 70]])
    assert not told.exact[1]
    with pytest.raises(InputError, match=r"300 items \(by bags: 1\).*first: row 1\)"):
        told.posterior(np.vstack([probs[:1], probs]))
    few = probs.copy()
    few[:, 3] = 0.0
    with pytest.raises(InputError, match="impossible"):
        told[1:].posterior(normalised(few))


def test_impossible_counts_are_refused_with_the_first_row_and_the_number_of_bags():
    told = Bags([None, 0, 0, 1, 1, 2], [1, 2, 1])
    probs = two([0.5, 0.5, 0.5, 0.0, 0.9, 0.0])
    for method in (told.posterior, told.log_evidence):
        with pytest.raises(InputError, match=r"3 items \(by bags: 2\).*first: row 3\)"):
            method(probs)


@SLOWLY
@given(SEEDS)
def test_order_of_items_and_names_of_classes_do_not_matter(seed):
    told, bag, low, high, probs = drawn(seed)
    rng = np.random.default_rng(seed)
    probs = 0.9 * probs + 0.1 / probs.shape[1]
    posterior = told.posterior(probs)
    items, turn = rng.permutation(len(bag)), rng.permutation(probs.shape[1])
    np.testing.assert_allclose(told[items].posterior(probs[items]), posterior[items], atol=1e-12)
    again = Bags.between(bag, low[:, turn], high[:, turn], turn)
    np.testing.assert_allclose(again.posterior(probs[:, turn]), posterior[:, turn], atol=1e-12)


def test_order_does_not_matter_to_the_approximation():
    rng = np.random.default_rng(0)
    probs = rng.dirichlet(np.ones(5), 200)
    low, high = np.array([20, 30, 40, 30, 0]), np.array([30, 30, 60, 50, 90])
    told, turn, items = Bags.between([0] * 200, [low], [high]), rng.permutation(5), rng.permutation(200)
    assert not told.exact.any()
    posterior = told.posterior(probs)
    again = Bags.between([0] * 200, [low[turn]], [high[turn]])
    np.testing.assert_allclose(again.posterior(probs[items][:, turn]), posterior[items][:, turn], atol=1e-6)


def test_slices_take_whole_bags():
    probs = np.random.default_rng(0).dirichlet(np.ones(2), 7)
    told = Bags(["b", "a", None, "b", "c", "a", None], [1, 0, 1])
    posterior = told.posterior(probs)
    for items in (
        [0, 3, 6],
        [4],
        np.array([0, 1, 0, 0, 0, 1, 0], bool),
        slice(None, None, -1),
        slice(0),
        [2],
    ):
        rows = np.arange(7)[items]
        part = told[rows]
        assert len(part) == len(rows)
        np.testing.assert_allclose(part.posterior(probs[rows]), posterior[rows], atol=1e-14)
    assert told[[0, 3, 6]].names.tolist() == ["b"]
    assert told[[0, 3, 6]].counts.tolist() == [[2, 0]]
    with pytest.raises(InputError, match="items take 1 of the 2 items of one bag"):
        told[:2]


@pytest.mark.parametrize(
    ("bag", "names", "codes"),
    [
        ([3, -1, 1, 3], [1, 3], [1, -1, 0, 1]),
        ([3.0, float("nan"), 1.0], [1, 3], [1, -1, 0]),
        (["b", None, "a"], ["a", "b"], [1, -1, 0]),
        ([("x", 1), None, ("x", 0)], [("x", 0), ("x", 1)], [1, -1, 0]),
        ([-2, -1, -2, 0], [-2, 0], [0, -1, 0, 1]),
        ([-1, None], [], [-1, -1]),
    ],
)
def test_names_of_bags(bag, names, codes):
    found = Bags(bag, [codes.count(b) for b in range(len(names))])
    assert found.names.tolist() == names
    assert found.bag.tolist() == codes
    loose = [i for i, b in enumerate(codes) if b < 0]
    assert len(set(found.groups[loose])) == len(loose)


def test_ways_to_give_counts():
    bag = ["y", "x", "y"]
    rows = [[1, 0], [0, 2]]
    for counts in (rows, np.array(rows, float), [0, 2], {"y": [0, 2], "x": [1, 0]}, {"y": 2, "x": 0}):
        assert Bags(bag, counts).counts.tolist() == rows
    assert Bags(bag, {"x": {"no": 1}, "y": {"yes": 2}}, classes=["no", "yes"]).counts.tolist() == rows
    assert Bags(bag, [[1], [2]], classes=["only"]).counts.tolist() == [[1], [2]]
    assert Bags.between(bag, [0, 1], [1, 2]).low.tolist() == [[0, 0], [0, 1]]


def test_proportions():
    told = Bags.from_proportions([0] * 10 + [1] * 3, [[0.31, 0.69], [0.5, 0.5]])
    assert told.low.tolist() == [[3, 7], [1, 1]]
    assert told.high.tolist() == [[3, 7], [2, 2]]
    assert Bags.from_proportions([0] * 10, [0.31]).counts.tolist() == [[7, 3]]
    wide = Bags.from_proportions([0] * 10, [0.31], tolerance=0.1)
    assert (wide.low.tolist(), wide.high.tolist()) == ([[6, 3]], [[7, 4]])
    with pytest.raises(InputError, match="nearest to these shares"):
        Bags.from_proportions([0] * 4, [[0.325, 0.325, 0.35]])
    assert Bags.from_proportions([0] * 4, [[0.325, 0.325, 0.35]], tolerance=0.25).high.max() == 2


@SLOWLY
@given(st.lists(st.integers(0, 3000), min_size=2, max_size=5).filter(sum))
def test_proportions_of_counts_give_the_counts_back(counts):
    counts = np.array(counts)
    told = Bags.from_proportions(np.zeros(counts.sum(), int), [counts / counts.sum()])
    assert told.counts.tolist() == [counts.tolist()]


def test_noise_over_bags_equals_enumeration():
    told = Bags([0, 0, 0, 1, 1], [[1, 2, 0], [1, 0, 1]]).noisy(0.3)
    probs = np.random.default_rng(0).dirichlet(np.ones(3), 5)
    posterior, total = enumerate_labels(told, probs)
    np.testing.assert_allclose(told.posterior(probs), posterior, atol=1e-10)
    assert told.log_evidence(probs).sum() == pytest.approx(total)


def test_bags_and_labels_together_equal_enumeration():
    told = Bags([0, 0, 0, 0], [[1, 2, 1]]) & Exact([None, 2, None, None], classes=range(3))
    probs = np.random.default_rng(0).dirichlet(np.ones(3), 4)
    posterior, total = enumerate_labels(told, probs)
    np.testing.assert_allclose(told.posterior(probs), posterior, atol=1e-10)
    assert told.log_evidence(probs).sum() == pytest.approx(total)


ERRORS = {
    "bag of two axes": (lambda: Bags(np.zeros((2, 2)), [1]), ["bag", "one hashable name", "(2, 2)"]),
    "unhashable bag": (lambda: Bags([["a"], ["b"]], [1]), ["bag", "one hashable name", "list"]),
    "negative": (
        lambda: Bags(["x", "x"], [[-1, 3]]),
        ["bag 'x' of 2 items", "negative", "[-1, 3]", "correct"],
    ),
    "too many": (
        lambda: Bags([5, 5], [[0, 3]]),
        ["bag 5 of 2 items", "more items of a class", "[0, 3]", "correct"],
    ),
    "sum above": (lambda: Bags([5, 5], [[1, 2]]), ["bag 5 of 2 items", "more items than it has", "[1, 2]"]),
    "sum below": (lambda: Bags([5, 5], [[1, 0]]), ["bag 5 of 2 items", "fewer items than it has", "[1, 0]"]),
    "fractions": (
        lambda: Bags([5, 5], [[0.5, 1.5]]),
        ["counts of bag 5", "0.5", "whole", "from_proportions"],
    ),
    "NaN": (lambda: Bags([5, 5], [[np.nan, 1]]), ["counts of bag 5", "nan", "whole"]),
    "infinite": (lambda: Bags([5, 5], [[np.inf, 1]]), ["counts of bag 5", "inf", "whole"]),
    "text": (lambda: Bags([5, 5], [["1", "1"]]), ["counts are no table of numbers", "sorted names"]),
    "ragged": (lambda: Bags([5, 5, 6], [[1, 1], [1]]), ["counts are no table of numbers", "sorted names"]),
    "rows": (lambda: Bags([5, 6], [[1, 1]]), ["counts have shape (1, 2)", "expected (2, k)", "sorted names"]),
    "classes": (lambda: Bags([5, 5], [[1, 1]], classes="abc"), ["counts have 2 columns", "3 classes"]),
    "one number": (lambda: Bags([5, 5], [1], classes="abc"), ["one number a bag", "two classes, not 3"]),
    "no counts": (
        lambda: Bags([5, 6], {5: [1, 0]}),
        ["counts have no row for bag 6", "1 bags without", "(None)"],
    ),
    "no items": (
        lambda: Bags([5], {5: [1, 0], 7: [1, 0]}),
        ["a row for bag 7", "no items", "1 rows without"],
    ),
    "by class": (lambda: Bags([5], {5: {"a": 1}}), ["counts of bag 5", "classes=[...]"]),
    "strange class": (
        lambda: Bags([5], {5: {"z": 1}}, classes="ab"),
        ["counts of bag 5", "'z'", "not among"],
    ),
    "shapes": (lambda: Bags.between([5], [[0, 0]], [1]), ["low has shape (1, 2) and high (1, 1)", "match"]),
    "crossed": (
        lambda: Bags.between([5, 5], [[2, 0]], [[1, 2]]),
        ["bag 5 of 2", "fewest above", "[2, 0] to [1, 2]"],
    ),
    "narrow": (
        lambda: Bags.between([5, 5], [[0, 0]], [[1, 0]]),
        ["bag 5 of 2 items", "fewer", "[0, 0] to [1, 0]"],
    ),
    "shares": (
        lambda: Bags.from_proportions(["q"], [[1.2, 0]]),
        ["proportions of bag 'q'", "1.2", "[0, 1]", "counts"],
    ),
    "share NaN": (
        lambda: Bags.from_proportions(["q"], [[np.nan, 0]], tolerance=0.1),
        ["proportions of bag 'q'", "nan", "[0, 1]"],
    ),
    "share sums": (
        lambda: Bags.from_proportions(["q"], [[0.5, 0.3]]),
        ["proportions of bag 'q'", "0.3", "sum to 1"],
    ),
    "tolerance": (lambda: Bags.from_proportions(["q"], [0.5], tolerance=-1), ["tolerance=-1", "[0, 1]"]),
    "support": (lambda: Bags([0], [1]).support(HALF), ["Bags tells no single label", "decide on one first"]),
    "probs": (lambda: Bags([0], [1]).posterior(HALF * 2), ["probs", "(2, 2)", "expected (1, 2)"]),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors_name_the_bag_and_the_remedy(name):
    call, parts = ERRORS[name]
    with pytest.raises(InputError) as problem:
        call()
    text, place = str(problem.value), 0
    for part in parts:
        assert part in text[place:], (part, text)
        place = text.index(part, place)
