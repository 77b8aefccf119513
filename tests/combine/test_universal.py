from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from labelwright import InputError, Votes
from labelwright.combine.spaces import Answers, FiniteSpace, RankingSpace, RealSpace, TextSpace
from labelwright.combine.spaces.base import by_chance, sum_by_item
from labelwright.combine.universal import UniversalLabelModel
from labelwright.errors import DoubtfulInput
from labelwright.parts.distances import absolute, kendall_tau
from labelwright.parts.triplets import mallows_sample

MISSING = float("nan")


def numbers(seed=0, n=400, spread=(0.2, 1.0, 2.0, 0.5)):
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=n)
    return truth, truth[:, None] + rng.normal(size=(n, len(spread))) * spread


def rankings(seed=0, n=300, theta=(2.5, 2.0, 0.01, 0.01, 0.01, 0.01), things=5):
    rng = np.random.default_rng(seed)
    centre = rng.permuted(np.tile(np.arange(things), (n, 1)), axis=1)
    return centre, np.stack([mallows_sample(centre, t, rng) for t in theta], axis=1)


def classes(seed=0, n=600, right=(0.95, 0.6, 0.4, 0.4, 0.8), k=4):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, k, n)
    said = [np.where(rng.random(n) < r, truth, rng.integers(0, k, n)) for r in right]
    return truth, np.stack(said, axis=1)


def texts(seed=0, n=60, wrong=(0.05, 0.1, 0.6, 0.6, 0.6)):
    rng = np.random.default_rng(seed)
    letters = np.array(list("abcdefghij"))
    truth = rng.integers(0, 10, (n, 20))
    said = [
        np.where(rng.random(truth.shape) < w, rng.integers(0, 10, truth.shape), truth)[:, None] for w in wrong
    ]
    join = np.vectorize("".join, signature="(d)->()", otypes=[object])
    return join(letters[truth]).astype(object), join(letters[np.concatenate(said, axis=1)]).astype(object)


class TestWeights:
    def test_numbers_are_weighed_by_their_variance(self):
        truth, said = numbers(n=20_000)
        model = UniversalLabelModel(RealSpace()).fit(said)
        np.testing.assert_allclose(model.expected_distance_, [0.04, 1, 4, 0.25], atol=0.05)
        weight = model.theta_ / model.theta_.sum()
        np.testing.assert_allclose(model.predict(said), said @ weight)
        assert ((model.predict(said) - truth) ** 2).mean() < 0.04

    @pytest.mark.parametrize("method", ["least_squares", "median", "disjoint"])
    def test_good_rankers_are_found_among_bad_ones(self, method):
        centre, said = rankings(n=1000, theta=(2.5, 2.0, 1.0, 0.5))
        model = UniversalLabelModel(RankingSpace(5), method=method).fit(said)
        true = kendall_tau(said, centre[:, None]).mean(axis=0)
        np.testing.assert_allclose(model.expected_distance_, true, atol=0.05)
        assert (np.argsort(model.theta_) == [3, 2, 1, 0]).all()

    def test_two_good_rankers_beat_four_who_guess(self):
        centre, said = rankings()
        error = {
            method: kendall_tau(
                UniversalLabelModel(RankingSpace(5), method=method).fit_predict(said), centre
            ).mean()
            for method in ("least_squares", None)
        }
        assert error["least_squares"] < 0.06 < 0.15 < error[None]

    def test_classes_weigh_log_odds_of_their_accuracy(self):
        truth, said = classes(n=20_000)
        model = UniversalLabelModel(FiniteSpace.nominal(range(4))).fit(Votes(said))
        wrong = (said != truth[:, None]).mean(axis=0)
        np.testing.assert_allclose(model.expected_distance_, wrong, atol=0.02)
        np.testing.assert_allclose(model.theta_, np.log(3 * (1 - wrong) / wrong), rtol=0.1)
        assert (model.predict(Votes(said)) == truth).mean() > (said == truth[:, None]).mean(axis=0).max()

    def test_writers_who_often_give_a_stock_answer_are_seen_through(self):
        truth, said = texts(n=200)
        idle = np.random.default_rng(1).random((200, 3)) < 0.5
        said[:, 2:][idle] = "i do not know at all"
        model = UniversalLabelModel(TextSpace()).fit(said)
        assert (np.sort(np.argsort(-model.theta_)[:2]) == [0, 1]).all()
        found = model.predict(said)
        space = TextSpace()
        plain = UniversalLabelModel(space, method=None).fit_predict(said)
        assert space.distance(found, truth).mean() < 0.1 < space.distance(plain, truth).mean()

    def test_classes_that_idle_sources_often_give_are_no_agreement(self):
        truth, said = classes(n=2000, right=(0.9, 0.85, 0, 0, 0), k=5)
        said[:, 2:] = np.where(np.random.default_rng(2).random((2000, 3)) < 0.8, 0, said[:, 2:])
        space = FiniteSpace.nominal(range(5))
        right = [
            (UniversalLabelModel(space, method=method).fit_predict(Votes(said)) == truth).mean()
            for method in ("least_squares", None)
        ]
        assert right[0] > 0.85 > 0.5 > right[1]

    def test_unanimous_sources(self):
        said = np.tile(np.arange(5.0)[:, None], (1, 4))
        np.testing.assert_allclose(UniversalLabelModel(RealSpace()).fit_predict(said), np.arange(5.0))
        order = np.tile([2, 0, 1], (6, 3, 1))
        assert UniversalLabelModel(RankingSpace(3)).fit_predict(order).tolist() == [[2, 0, 1]] * 6
        words = [["yes", "yes", "yes"], ["no", "no", "no"]]
        assert UniversalLabelModel(FiniteSpace.nominal(["no", "yes"])).fit_predict(words).tolist() == [
            "yes",
            "no",
        ]
        assert UniversalLabelModel(TextSpace()).fit_predict(words).tolist() == ["yes", "no"]

    def test_the_floor_keeps_one_source_from_deciding_alone(self):
        _, said = numbers(n=50)
        said[:, 1] = said[:, 0]  # copies
        for floor in (0.05, 0.5):
            model = UniversalLabelModel(RealSpace(), floor=floor).fit(said)
            least = floor * np.median(model.expected_distance_)
            assert model.theta_.max() <= 1 / (2 * least) * (1 + 1e-9)

    def test_inverse_and_relation_are_options(self):
        _, said = classes()
        space = FiniteSpace.nominal(range(4))
        model = UniversalLabelModel(space, backward="inverse", relation="sum").fit(Votes(said))
        np.testing.assert_allclose(model.theta_, 1 / model.expected_distance_)
        table = model.distance_
        e = UniversalLabelModel(space, relation="sum", method="median").fit(Votes(said)).expected_distance_
        plain = [(table[0, b] + table[0, c] - table[b, c]) / 2 for b in range(1, 5) for c in range(b + 1, 5)]
        assert e[0] == pytest.approx(np.median(plain))
        truth, said = numbers()
        found = UniversalLabelModel(RealSpace(), relation="product").fit_predict(said)
        assert ((found - truth) ** 2).mean() < ((said.mean(axis=1) - truth) ** 2).mean()

    def test_nothing_but_guesses_is_weighed_alike(self):
        rng = np.random.default_rng(0)
        guesses = rng.integers(0, 3, (200, 4))
        with pytest.warns(DoubtfulInput, match="no more than by chance"):
            model = UniversalLabelModel(FiniteSpace.nominal(range(3))).fit(Votes(guesses))
        assert (model.theta_ == 1).all()

    def test_one_class_only(self):
        model = UniversalLabelModel(FiniteSpace.nominal("ab")).fit([["a", "a", "a"]] * 3)
        assert (model.theta_ == model.theta_[0]).all()


class TestMissing:
    def test_wide_long_and_frame_are_the_same(self):
        _, said = numbers(n=60)
        said[np.random.default_rng(1).random(said.shape) < 0.3] = np.nan
        item, source = np.nonzero(~np.isnan(said))
        names = np.array(["ann", "bob", "cem", "dai"])
        shuffled = np.random.default_rng(2).permutation(len(item))
        long = Answers.from_long(item[shuffled], names[source][shuffled], said[item, source][shuffled])
        frame = pd.DataFrame(said, columns=names)
        wide = UniversalLabelModel(RealSpace()).fit(said)
        for told in (long, frame):
            model = UniversalLabelModel(RealSpace()).fit(told)
            np.testing.assert_allclose(model.theta_, wide.theta_)
            assert model.sources_.tolist() == names.tolist()
            np.testing.assert_allclose(
                model.predict(told), wide.predict(said)[long.items] if told is long else wide.predict(said)
            )

    def test_items_without_an_answer(self):
        _, said = numbers(n=30)
        said[3] = np.nan
        assert np.isnan(UniversalLabelModel(RealSpace()).fit_predict(said)).tolist() == [
            i == 3 for i in range(30)
        ]
        _, order = rankings(n=30)
        order[4] = -1
        assert (UniversalLabelModel(RankingSpace(5)).fit_predict(order)[4] == -1).all()
        _, code = classes(n=30)
        code[5] = -1
        model = UniversalLabelModel(FiniteSpace.nominal(range(4))).fit(Votes(code, classes=range(4)))
        assert model.predict(Votes(code, classes=range(4)))[5] is None
        np.testing.assert_allclose(model.predict_proba(Votes(code, classes=range(4)))[5], 0.25)
        _, words = texts(n=10)
        words[6] = None
        assert UniversalLabelModel(TextSpace()).fit_predict(words)[6] is None

    def test_a_source_alone_gets_the_median_weight(self):
        _, said = numbers(n=100)
        said = np.column_stack([said, np.full(100, np.nan)])
        said = np.vstack([said, [np.nan] * 4 + [1.0]])
        with pytest.warns(DoubtfulInput, match="1 sources share too few items"):
            model = UniversalLabelModel(RealSpace()).fit(said)
        assert np.isnan(model.expected_distance_[4])
        assert model.theta_[4] == pytest.approx(0.5 / np.median(model.expected_distance_[:4]))
        with pytest.warns(DoubtfulInput, match="no three sources"):
            UniversalLabelModel(RealSpace()).fit([[1.0, MISSING, MISSING], [MISSING, 1.0, 2.0]][:1])

    def test_new_items_and_some_of_the_sources(self):
        _, said = numbers()
        frame = pd.DataFrame(said, columns=list("abcd"))
        model = UniversalLabelModel(RealSpace()).fit(frame[:300])
        some = model.predict(frame[300:][["d", "a"]])
        weight = model.theta_[[3, 0]]
        np.testing.assert_allclose(some, said[300:, [3, 0]] @ weight / weight.sum())
        with pytest.raises(InputError, match="'z'"):
            model.predict(frame.rename(columns={"a": "z"}))


class TestCentres:
    """The centre is what trying every answer finds."""

    @pytest.mark.parametrize("things", [3, 5])
    def test_of_rankings(self, things):
        _, said = rankings(n=20, things=things)
        said[np.random.default_rng(0).random(said.shape[:2]) < 0.3] = -1
        space = RankingSpace(things)
        answers = space.read(said)
        weight = np.random.default_rng(1).random(len(answers.item))
        orders = np.array(list(permutations(range(things))))
        found = space.centre(answers, weight)
        for i in range(20):
            rows = np.flatnonzero(answers.item == i)
            mine = said[i][said[i][:, 0] >= 0]
            cost = (weight[rows, None] * kendall_tau(mine[:, None], orders[None], things=things)).sum(axis=0)
            assert kendall_tau(mine, found[i], things=things) @ weight[rows] == pytest.approx(cost.min())

    def test_of_long_rankings_no_swap_of_neighbours_helps(self):
        centre, said = rankings(n=15, things=9, theta=(1.0, 0.5, 0.3))
        space = RankingSpace(9)
        answers = space.read(said)
        weight = np.random.default_rng(1).random(len(answers.item))
        found = space.centre(answers, weight)
        for i in range(15):
            cost = lambda order, i=i: kendall_tau(said[i], order, things=9) @ weight[answers.item == i]  # noqa: E731
            for place in range(8):
                other = found[i].copy()
                other[[place, place + 1]] = other[[place + 1, place]]
                assert cost(found[i]) <= cost(other) + 1e-12
        np.testing.assert_array_equal(space.centre(space.read(centre[:, None]), np.ones(15)), centre)

    @pytest.mark.parametrize("coordinates", [1, 3])
    def test_of_numbers_by_absolute_distance(self, coordinates):
        rng = np.random.default_rng(0)
        said = rng.integers(0, 6, (30, 5, coordinates)).astype(float)
        said[rng.random((30, 5)) < 0.3] = np.nan
        said[0] = np.nan
        space = RealSpace(power=1)
        answers = space.read(said)
        weight = rng.integers(1, 4, len(answers.item)).astype(float)
        found = space.centre(answers, weight).reshape(30, coordinates)
        assert np.isnan(found[0]).all()
        grid = np.arange(0, 6, 0.5)
        for i in range(1, 30):
            rows = answers.item == i
            for c in range(coordinates):
                cost = lambda at, rows=rows, c=c: (weight[rows] * abs(answers.value[rows, c] - at)).sum()  # noqa: E731
                assert cost(found[i, c]) == pytest.approx(min(map(cost, grid)))

    def test_an_unweighted_median_is_numpys(self):
        said = np.random.default_rng(0).normal(size=(20, 4))
        found = UniversalLabelModel(RealSpace(1), method=None).fit_predict(said)
        np.testing.assert_allclose(found, np.median(said, axis=1))

    def test_of_points(self):
        said = np.random.default_rng(0).normal(size=(20, 4, 3))
        model = UniversalLabelModel(RealSpace()).fit(said)
        weight = model.theta_ / model.theta_.sum()
        np.testing.assert_allclose(model.predict(said), np.einsum("nap,a->np", said, weight))

    def test_of_finite_metrics(self):
        space = FiniteSpace.graph([("a", "b"), ("b", "c"), ("c", "d", 3.0), ("d", "a")])
        rng = np.random.default_rng(0)
        said = rng.choice(np.array(list("abcd"), dtype=object), (40, 3))
        answers = space.read(said)
        weight = rng.random(len(answers.item))
        found, probs = space.centre(answers, weight), space.probs(answers, weight)
        for i in range(40):
            rows = answers.item == i
            cost = weight[rows] @ space.distances[answers.value[rows]]
            assert found[i] == "abcd"[cost.argmin()]
            np.testing.assert_allclose(probs[i], np.exp(-cost) / np.exp(-cost).sum())

    def test_of_texts_is_one_of_the_answers(self):
        _, said = texts(n=12)
        said[2, 1:] = None
        space = TextSpace("words")
        answers = space.read(said)
        weight = np.random.default_rng(0).random(len(answers.item))
        found = space.centre(answers, weight)
        for i in range(12):
            mine, w = answers.value[answers.item == i], weight[answers.item == i]
            cost = [w @ space.distance(mine, np.full(len(mine), text, dtype=object)) for text in mine]
            assert cost[mine.tolist().index(found[i])] == pytest.approx(min(cost))


class TestProperties:
    @pytest.mark.parametrize("kind", ["numbers", "rankings", "classes", "texts"])
    def test_order_of_items_and_sources_does_not_matter(self, kind):
        said, space = {
            "numbers": lambda: (numbers()[1], RealSpace()),
            "rankings": lambda: (rankings(theta=(2.0, 1.0, 0.5, 0.3, 0.7))[1], RankingSpace(5)),
            "classes": lambda: (classes()[1].astype(object), FiniteSpace.ordered(range(4))),
            "texts": lambda: (texts()[1], TextSpace(unequal)),
        }[kind]()  # fmt: skip
        rng = np.random.default_rng(0)
        rows, columns = rng.permutation(len(said)), rng.permutation(said.shape[1])
        plain = UniversalLabelModel(space, relation="sum").fit(said)
        moved = UniversalLabelModel(space, relation="sum").fit(said[rows][:, columns])
        np.testing.assert_allclose(moved.theta_, plain.theta_[columns], rtol=1e-6)
        found, again = plain.predict(said)[rows], moved.predict(said[rows][:, columns])
        if kind == "numbers":
            np.testing.assert_allclose(again, found)
        else:
            np.testing.assert_array_equal(again, found)

    def test_classes_may_be_called_anything(self):
        _, said = classes()
        names = np.array(["z", "a", "m", "b"])
        plain = UniversalLabelModel(FiniteSpace.ordered(range(4))).fit(Votes(said))
        named = Votes.from_wide(names[said].tolist())
        model = UniversalLabelModel(FiniteSpace.ordered(names.tolist())).fit(named)
        np.testing.assert_allclose(model.theta_, plain.theta_)
        assert model.predict(named).tolist() == names[plain.predict(Votes(said)).astype(int)].tolist()
        probs = model.predict_proba(named)
        np.testing.assert_allclose(probs.sum(axis=1), 1)
        assert model.classes_[probs.argmax(axis=1)].tolist() == model.predict(named).tolist()

    def test_only_finite_spaces_have_probabilities(self):
        assert not hasattr(UniversalLabelModel(RealSpace()), "predict_proba")

    def test_numbers_shift_and_scale(self):
        _, said = numbers()
        plain = UniversalLabelModel(RealSpace()).fit(said)
        moved = UniversalLabelModel(RealSpace()).fit(1e3 + 7 * said)
        np.testing.assert_allclose(moved.theta_, plain.theta_ / 49, rtol=1e-6)
        np.testing.assert_allclose(moved.predict(1e3 + 7 * said), 1e3 + 7 * plain.predict(said))

    def test_unweighted_is_the_mean_and_the_majority(self):
        _, said = numbers()
        np.testing.assert_allclose(
            UniversalLabelModel(RealSpace(), method=None).fit_predict(said), said.mean(axis=1)
        )
        _, code = classes(right=(0.9, 0.9, 0.9))
        votes = Votes(code)
        found = UniversalLabelModel(FiniteSpace.nominal(range(4)), method=None).fit_predict(votes)
        most = votes.counts
        clear = most.max(axis=1) > 1
        assert (found[clear] == most.argmax(axis=1)[clear]).all()

    def test_bias_is_taken_off_up_to_what_all_share(self):
        truth, said = numbers(n=2000)
        bias = np.array([1.0, -2.0, 0.5, 0.3])
        told = said + bias
        told[np.random.default_rng(0).random(told.shape) < 0.2] = np.nan
        model = UniversalLabelModel(RealSpace(remove_bias=True)).fit(told)
        # Each bias is known up to what all share.
        np.testing.assert_allclose(model.bias_ - model.bias_[0], bias - bias[0], atol=0.15)
        np.testing.assert_allclose(model.expected_distance_, [0.04, 1, 4, 0.25], atol=0.15)
        found = model.predict(told)
        off = found - truth
        assert np.nanstd(off) < 0.5
        plain = UniversalLabelModel(RealSpace()).fit_predict(told)
        assert np.nanstd(plain - truth) > np.nanstd(off)

    def test_clone_and_input_unchanged(self):
        _, said = numbers(n=20)
        before = said.copy()
        model = UniversalLabelModel(RealSpace())
        clone(model).fit_predict(said)
        np.testing.assert_array_equal(said, before)
        assert not hasattr(model, "theta_")

    def test_a_space_of_ones_own(self):
        class Circle(RealSpace):
            def distance(self, left, right):
                return 1 - np.cos(left - right)[:, 0]

        _, said = numbers()
        assert UniversalLabelModel(Circle()).fit(said).theta_.argmax() == 0

    def test_chance_is_the_distance_to_other_items(self):
        space = FiniteSpace.nominal("ab")
        rng = np.random.default_rng(0)
        said = np.repeat(rng.choice(["a", "b"], (500, 1), p=[0.8, 0.2]).astype(object), 4, axis=1)
        assert by_chance(space, space.read(said)) == pytest.approx(0.32, abs=0.05)

    def test_sums_by_item(self):
        answers = Answers.from_wide([[1.0, 2.0], [None, None], [3.0, None]])
        assert sum_by_item(answers, np.array([1.0, 2.0, 3.0])).tolist() == [3, 0, 3]


def unequal(left, right):
    """A distance of texts that never ties."""
    place = [[sum(ord(c) * (i + 1) ** 0.5 for i, c in enumerate(t)) for t in side] for side in (left, right)]
    return np.abs(np.subtract(*place))


class TestSpaces:
    def test_ordered_classes(self):
        space = FiniteSpace.ordered(["s", "m", "l"], at=[1, 2, 4], power=2)
        np.testing.assert_array_equal(space.distances, [[0, 1, 9], [1, 0, 4], [9, 4, 0]])

    def test_lists_of_the_best(self):
        space = RankingSpace(4, unranked="last")
        answers = space.read([[[3, -1], [3, 1], [1, 3]]])
        assert space.centre(answers, np.ones(3))[0, :2].tolist() == [3, 1]

    def test_long_rankings_and_objects(self):
        long = Answers.from_long([0, 0, 0, 1], list("abca"), [[0, 1, 2], [0, 2], [2, 1, 0], []])
        answers = RankingSpace(3).read(long)
        assert len(answers.item) == 3
        sets = [[{1, 2}, {1, 2, 3}, {9}]]
        jaccard = lambda a, b: np.array([1 - len(x & y) / len(x | y) for x, y in zip(a, b)])  # noqa: E731
        space = TextSpace(jaccard)
        assert space.centre(space.read(sets), np.ones(3))[0] in ({1, 2}, {1, 2, 3})

    def test_distance_of_rankings_is_kendalls(self):
        _, said = rankings(n=5)
        space = RankingSpace(5)
        value = space.read(said).value.reshape(5, 6, -1)
        np.testing.assert_allclose(
            space.distance(value[:, 0], value[:, 1]), kendall_tau(said[:, 0], said[:, 1])
        )

    def test_distance_of_numbers(self):
        left, right = np.array([[1.0, 2.0]]), np.array([[0.0, 4.0]])
        assert RealSpace(1).distance(left, right) == absolute(left, right)
        assert RealSpace(2).distance(left, right) == 5


@pytest.mark.parametrize(
    ("space", "told", "says"),
    [
        (RealSpace(), [[1.0, 2.0]], "from 2 sources"),
        (RealSpace(), [[MISSING] * 3], "hold none"),
        (RealSpace(), [[1.0, 2.0, float("inf")]], "item 0, source 2: the answer is infinite"),
        (RealSpace(), [["a", "b", "c"]], "not numbers"),
        (RealSpace(), [1.0, 2.0], r"shape \(2,\)"),
        (RealSpace(), Answers.from_long([0, 1], ["x", "y"], [1.0, "much"]), "item 1, source y: 'much'"),
        (RealSpace(power=3), [[1.0, 2.0, 3.0]], "power=3"),
        (RankingSpace(3), np.zeros((2, 3, 2)), "dtype float64"),
        (RankingSpace(3), [[[0, 1, 1]]], r"item 0, source 0: \[0, 1, 1\] is no ranking"),
        (RankingSpace(3), [[[0, -1, 1]]], "is no ranking"),
        (RankingSpace(3), [[[0, 1, 3]]], "codes from 0 to 2"),
        (RankingSpace(1), [[[0]]], "at least 2"),
        (RankingSpace(3), Answers.from_long([0], ["x"], ["abc"]), "no list of codes"),
        (FiniteSpace(np.ones((2, 2))), [[0, 1, 1]], "0 on the diagonal"),
        (FiniteSpace([[0, 1], [2, 0]]), [[0, 1, 1]], "symmetric"),
        (FiniteSpace([[0, np.inf], [np.inf, 0]]), [[0, 1, 1]], "nothing connects"),
        (FiniteSpace(np.zeros((2, 3))), [[0, 1, 1]], r"shape \(2, 3\)"),
        (FiniteSpace(1 - np.eye(2), ["a", "a"]), [["a", "a", "a"]], "1 different classes"),
        (FiniteSpace.nominal("ab"), [["a", "b", "z"]], "'z'"),
        (FiniteSpace.nominal("ab"), Votes.from_wide([["a", "z", "a"]]), "class 'z'"),
        (TextSpace(), [["a", "b", 3]], "item 0, source 2: 3 is no text"),
        (TextSpace("letters"), [["a", "b", "c"]], "distance='letters'"),
        (TextSpace(lambda a, b: -np.ones(len(a))), [["a", "b", "c"]], "negative or NaN"),
        (TextSpace(), [["a", "b"], ["a"]], "rows of"),
    ],
)  # fmt: skip
def test_bad_input(space, told, says):
    with pytest.raises(InputError, match=says):
        UniversalLabelModel(space).fit(told)


@pytest.mark.parametrize(
    "options", [{"method": "mean"}, {"relation": "both"}, {"backward": "mallows"}, {"floor": 0.0}]
)
def test_bad_settings(options):
    with pytest.raises(InputError, match=f"{next(iter(options))}="):
        UniversalLabelModel(RealSpace(), **options).fit([[1.0, 2.0, 3.0]])


def test_bad_tables():
    with pytest.raises(InputError, match="they must match"):
        Answers.from_long([0, 1], ["a"], [1.0, 2.0])
    with pytest.raises(InputError, match="no item or no source"):
        Answers.from_long([0, None], ["a", "b"], [1.0, 2.0])
    with pytest.raises(InputError, match="2 sources for 1 columns"):
        Answers.from_wide([[1.0]], sources=["a", "b"])
    with pytest.raises(InputError, match="one place a class"):
        FiniteSpace.ordered("abc", at=[1, 2])


def test_a_frame_of_texts():
    frame = pd.DataFrame({"ann": ["a cat", None], "bob": ["a cart", "dogs"], "cem": ["the dog", "dog"]})
    answers = TextSpace().read(frame)
    assert answers.sources.tolist() == ["ann", "bob", "cem"]
    assert answers.value.tolist() == ["a cat", "a cart", "the dog", "dogs", "dog"]
    for said in (answers, RealSpace(), FiniteSpace.nominal("ab"), RankingSpace(2), TextSpace()):
        assert type(said).__name__ in repr(said)
