"""Comparing candidate labels: both orders, skipping, counting; and what rules see in masks and boxes."""

from itertools import product

import numpy as np
import pytest

from labelwright.audit.critic import (
    BiasedJudge,
    BoxRules,
    MaskRules,
    PairwiseCritic,
    Prior,
    PromptedComparison,
    RecordedPairs,
    box_agreement,
    dice,
    project,
    together,
)
from labelwright.errors import InputError


def longer(item, a, b):
    """The longer text is the better one."""
    return 0.5 if len(a) == len(b) else 1 if len(a) > len(b) else 2


# Both orders


@pytest.mark.parametrize(("one", "other"), list(product([1, 2, 0.5], repeat=2)))
def test_both_orders_against_the_rule_spelled_out(one, other):
    swapped = {1: 2, 2: 1, 0.5: 0.5}
    choice, confidence = together([one, other])
    mirrored, _ = together([other, one])
    assert mirrored == swapped[choice]  # exchanging the candidates exchanges the verdict
    if one == other:
        assert (choice, confidence) == (0.5, 0.0)  # the same place twice, or open twice
    elif 0.5 in (one, other):
        assert (choice, confidence) == (one if other == 0.5 else swapped[other], 0.5)
        assert together([one, other], conservative=True) == (0.5, 0.0)
    else:
        assert (choice, confidence) == (one, 1.0)


def test_a_judge_that_only_sees_places_decides_nothing():
    for place in (1, 2):
        critic = PairwiseCritic(lambda item, a, b, place=place: place)
        assert critic.compare("", "x", "y").choice == 0.5
        assert critic.best("", ["x", "y", "z"]).candidate == -1
        assert PairwiseCritic(critic.judge, dual=False).compare("", "x", "y").choice == place


def test_both_orders_take_a_bias_away():
    rng = np.random.default_rng(0)
    pairs = [(0.0, 1.0) if rng.random() < 0.5 else (1.0, 0.0) for _ in range(400)]

    def right(**options):
        critic = PairwiseCritic(BiasedJudge(lambda item, x: x, bias=1.0, noise=0.7), skip=None, **options)
        said = np.array([critic.compare("", a, b).choice for a, b in pairs])
        truth = np.array([1 if a > b else 2 for a, b in pairs])
        return (said == truth)[said != 0.5].mean()

    assert right() > right(dual=False) + 0.15


# What is asked and what is not


def test_calls_are_counted_and_equal_candidates_cost_nothing():
    critic = PairwiseCritic(longer)
    found = critic.choose(["i", "j"], [["a", "bb", "ccc"], ["d", "d"]])
    assert found.best.tolist() == [2, 0]
    assert found.cost.calls == 6  # three pairs in two orders; the fourth pair is equal
    assert len(found.review) == 0
    assert PairwiseCritic(longer, dual=False).choose(["i"], [["a", "bb", "ccc"]]).cost.calls == 3
    again = critic.choose(["i"], [["a", "bb"]])
    assert (again.cost.calls, critic.cost.calls) == (2, 8)


def test_a_knockout_needs_fewer_calls_and_finds_the_same():
    rng = np.random.default_rng(0)
    for _ in range(20):
        lengths = rng.permutation(6) + 1
        texts = ["x" * n for n in lengths]
        all_pairs, ladder = PairwiseCritic(longer), PairwiseCritic(longer)
        assert (
            all_pairs.best("", texts).candidate
            == ladder.best("", texts, how="knockout").candidate
            == lengths.argmax()
        )
        assert (all_pairs.cost.calls, ladder.cost.calls) == (30, 10)


def test_level_candidates_go_to_a_person_unless_they_agree():
    critic = PairwiseCritic(longer, skip=None)
    found = critic.choose(["i", "j"], [["aa", "bb", "c"], ["aa", "aa", "c"]])
    assert found.best.tolist() == [-1, 0]
    assert found.review["row"].tolist() == [0]
    assert list(found.review["leads"][0]) == [0, 1]
    assert found.review["why"][0] == "candidates 0, 1 are level"
    assert critic.best("", ["aa", "bb"], how="knockout").candidate == -1


def test_auto_skips_the_pairs_that_agree_as_pairs_do():
    y, x = np.mgrid[:32, :32]

    def disc(r, at=16):
        return ((y - 16) ** 2 + (x - at) ** 2 < r**2).astype(int)

    alike = [[disc(10), disc(9)], [disc(8), disc(9)], [disc(10), disc(11)], [disc(8), disc(8, 28)]]
    critic = PairwiseCritic(lambda item, a, b: 1 if a.sum() > b.sum() else 2)
    found = critic.choose([0] * 4, alike)
    pairs = [dice(*pair) for pair in alike]
    assert found.skip == pytest.approx(min(np.mean(pairs) - np.std(pairs), 0.8))
    assert found.cost.calls == 2  # the last pair alone
    assert found.best.tolist()[:3] == [0, 0, 0]
    assert PairwiseCritic(critic.judge, skip=None).choose([0] * 4, alike).cost.calls == 8


def test_maps_that_cover_the_same_but_number_it_otherwise_are_judged():
    one, two = np.array([[1, 1, 0]]), np.array([[1, 2, 0]])
    assert PairwiseCritic(RecordedPairs([2, 1]), skip=None).compare("", one, two).choice == 2


def test_whether_anything_should_be_there_decides_about_an_empty_mask():
    empty, full = np.zeros((4, 4), int), np.eye(4, dtype=int)
    for there in (True, False):
        critic = PairwiseCritic(RecordedPairs([]), visible=lambda item, there=there: there)
        assert critic.compare("", empty, full).choice == (2 if there else 1)
        assert critic.compare("", full, empty).choice == (1 if there else 2)
        assert critic.compare("", empty, empty).skipped


def test_a_winner_that_fails_its_check_goes_to_a_person():
    class Judge:
        def compare(self, item, a, b):
            return longer(item, a, b)

        def check(self, item, candidate):
            return int(len(candidate) > 2)

    found = PairwiseCritic(Judge()).choose(["i", "j"], [["a", "bb"], ["a", "bbb"]], check=True)
    assert found.best.tolist() == [-1, 1]
    assert found.review["why"][0] == "the best one does not pass the check"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: PairwiseCritic(longer).best("", []), "candidates is empty"),
        (lambda: PairwiseCritic(longer).best("", ["a"], how="league"), "how='league'"),
        (lambda: PairwiseCritic(lambda *_: 3).compare("", "a", "b"), "answered 3; expected one of 1, 2, 0.5"),
        (lambda: PairwiseCritic(longer).check("", "a"), r"longer has no check"),
        (lambda: PairwiseCritic(longer, skip=2).compare("", "a", "b"), "skip=2 must be"),
        (lambda: PairwiseCritic(longer).choose(["i"], []), "0 entries for 1 items"),
        (lambda: PairwiseCritic("longer").compare("", "a", "b"), "is no function"),
        (lambda: PairwiseCritic(RecordedPairs([1])).compare("", "a", "b"), "holds 1 answers"),
        (lambda: dice([[1, 0]], [[1]]), r"shapes \(1, 2\) and \(1, 1\)"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(InputError, match=message):
        call()


# A language model


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("1", 1),
        ("**2.**", 2),
        ("The answer is 2", 2),
        ("Unsure.", 0.5),
        ("Label 1 beats label 2", 0.5),
        ("not 1", 0.5),
        ("", 0.5),
        ("12", 0.5),
    ],
)
def test_answers_of_a_language_model_are_read_strictly(answer, said):
    judge = PromptedComparison(lambda prompt: answer, about="One word.")
    assert judge.compare("a text", "spam", "ham") == said
    [(prompt, raw)] = judge.answers
    assert raw == answer
    assert all(part in prompt for part in ("One word.", "a text", "Label 1:\nspam", "Label 2:\nham"))
    assert len(judge.unparsed) == (said == 0.5 and answer != "Unsure.")


def test_a_language_model_with_a_habit_is_seen_through_and_counted():
    critic = PairwiseCritic(PromptedComparison(lambda prompt: "1"))
    assert critic.compare("a text", "spam", "ham").choice == 0.5
    assert critic.cost.calls == critic.judge.usage.calls == 2
    assert PromptedComparison(lambda prompt: "Good").check("a text", "spam") == 1
    quoting = PromptedComparison(lambda prompt: "1")
    quoting.compare("{first} {0.__class__}", "a", "b")  # braces in an item stay as they are
    assert "{first} {0.__class__}" in quoting.answers[0][0]


# Agreement


def test_box_agreement_is_that_of_the_best_matching():
    rng = np.random.default_rng(0)
    for _ in range(20):
        a, b = (np.sort(rng.random((3, 2, 2)), axis=1).reshape(3, 4) for _ in range(2))
        overlaps = np.array([[box_agreement([p], [q]) for q in b] for p in a])
        best = max(
            overlaps[[0, 1, 2], list(order)].sum()
            for order in product(range(3), repeat=3)
            if len({*order}) == 3
        )
        assert box_agreement(a, b) == pytest.approx(best / 3)
        assert box_agreement(a, b) == pytest.approx(box_agreement(b, a[::-1]))
    assert box_agreement(np.zeros((0, 4)), a) == 0


# Rules


def pictures(rng, n=8, side=48):
    """Bright discs on dark ground, with their masks."""
    y, x = np.mgrid[:side, :side]
    masks = []
    for _ in range(n):
        drawn = np.zeros((side, side), int)
        for number, (cy, cx) in enumerate([(12, 12), (12, 36), (36, 24)], 1):
            cy, cx, r = cy + rng.integers(-2, 3), cx + rng.integers(-2, 3), rng.uniform(6, 8)
            drawn[(y - cy) ** 2 + (x - cx) ** 2 < r**2] = number
        masks.append(drawn)
    return [(mask > 0) + 0.1 * rng.normal(size=mask.shape) for mask in masks], masks


def test_rules_prefer_the_good_mask_to_each_failure():
    items, masks = pictures(np.random.default_rng(0))
    rules = MaskRules().fit(items[:6], [mask > 0 for mask in masks[:6]])
    item, good = items[7], masks[7] > 0
    holes = good.copy()
    holes[10:14, 10:14] = False
    blob = good.copy()
    blob[30:46, 2:10] = True
    failures = [masks[7] > 1, holes, blob, np.roll(good, 5, 0), np.zeros_like(good), np.ones_like(good)]
    for bad in failures:
        assert rules.compare(item, good, bad) == 1
        assert rules.compare(item, bad, good) == 2
    assert rules.compare(item, good, good) == 0.5
    assert rules.check(item, failures[-1]) == 0


def test_rules_see_pieces_of_numbered_objects():
    items, masks = pictures(np.random.default_rng(1))
    rules = MaskRules(objects=True).fit(items[:6], masks[:6])
    stray = masks[7].copy()
    stray[45, 45] = 1  # a pixel far from its object
    assert rules.measures(items[7], stray)["pieces"] == pytest.approx(1 / 3)
    assert rules.compare(items[7], stray, masks[7]) == 2
    renamed = np.array([0, 30, 10, 20])[masks[7]]
    assert rules.measures(items[7], renamed) == pytest.approx(rules.measures(items[7], masks[7]))


def test_rules_do_not_mind_the_scale_of_a_picture():
    items, masks = pictures(np.random.default_rng(2))
    rules = MaskRules()
    before, after = (rules.measures(item, masks[0] > 0) for item in (items[0], 7 * items[0] - 3))
    assert before == pytest.approx(after)
    inverted = rules.measures(-items[0], masks[0] > 0)
    assert inverted["contrast"] == pytest.approx(before["contrast"])


def test_boxes_in_their_place_win():
    items, masks = pictures(np.random.default_rng(3), n=12)
    boxes = []
    for mask in masks:
        where = [np.argwhere(mask == name) for name in (1, 2, 3)]
        boxes.append(
            np.array([[*place.min(axis=0)[::-1], *(place.max(axis=0)[::-1] + 1)] for place in where], float)
        )
    rules = BoxRules().fit(items[:8], boxes[:8])
    for item, good in zip(items[8:], boxes[8:]):
        for bad in (
            good[:2],
            np.vstack([good, good[:1] + 2]),
            good + 6,
            np.vstack([good, [[0, 24, 14, 46]]]),
        ):
            assert rules.compare(item, bad, good) == 2
        assert rules.compare(item, good, good) == 0.5
    assert rules.score(items[0], np.zeros((0, 4))) == 0


def test_a_prior_knows_defects_from_habits():
    habits = Prior([[1.0, 0.0], [1.1, 0.2], [0.9, 0.1]], least=0.01, defects=[False, True])
    assert habits.score([1.0, 0.0]) > habits.score([1.0, 0.1])  # fewer defects than usual is better still
    assert habits.score([1.0, 0.0]) > habits.score([0.8, 0.0])  # but less of a habit is not
    assert habits.score([np.nan, 0.0]) < habits.score([1.5, 0.0])


SQUARE = np.zeros((8, 8))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: MaskRules().measures(SQUARE, np.zeros((4, 4))), r"shape \(4, 4\) and its picture \(8, 8\)"),
        (lambda: MaskRules().measures(SQUARE, np.eye(8) * 3), "not binary: it holds 3"),
        (lambda: MaskRules().measures(SQUARE + np.nan, np.eye(8)), "picture holds NaN"),
        (lambda: MaskRules().measures(SQUARE, np.full((8, 8), "x")), "no finite numbers"),
        (lambda: MaskRules().compare(SQUARE, np.eye(8), np.eye(4)), r"shapes \(8, 8\) and \(4, 4\)"),
        (lambda: MaskRules().score(SQUARE, np.eye(8)), "call fit"),
        (lambda: MaskRules().fit([SQUARE], [np.eye(8)]), "1 good examples"),
        (lambda: MaskRules().fit([SQUARE], []), "1 items and 0 good labels"),
        (lambda: BoxRules().measures(SQUARE, [[0, 0, 1]]), r"shape \(1, 3\)"),
        (lambda: BoxRules().measures(SQUARE, [[3, 0, 1, 2]]), "box 0 ends before it begins"),
        (lambda: BoxRules().score(SQUARE, [[0, 0, 1, 1]]), "call fit"),
        (lambda: project(np.zeros((2, 2, 2)), np.zeros((2, 2)), window=(0, 1)), "expected three equal sides"),
        (lambda: project(np.full((2, 2, 2), np.nan), np.zeros((2, 2, 2)), window=(0, 1)), "volume holds NaN"),
        (lambda: project(np.zeros((2, 2, 2)), np.full((2, 2, 2), 5), window=(0, 1)), "not binary"),
        (
            lambda: project(np.zeros((2, 2, 2)), np.zeros((2, 2, 2)), window=(0, 1), spacing=(0, 1, 1)),
            "three sizes in mm above 0",
        ),
        (lambda: project(np.zeros((2, 2, 2)), np.zeros((2, 2, 2)), window=(1, 0)), "low < high"),
    ],
)
def test_unusable_masks_boxes_and_volumes(call, message):
    with pytest.raises(InputError, match=message):
        call()


def test_a_projection_has_pixels_of_a_millimetre():
    volume = np.zeros((4, 6, 5))
    volume[1:3, :, 2] = 50
    picture, mask = project(volume, volume > 0, window=(0, 100), spacing=(2.0, 1.0, 3.0))
    assert picture.shape == mask.shape == (8, 15)
    assert picture.max() <= 1
    flat, _ = project(volume, volume > 0, window=(0, 100), axis=0)
    assert flat.shape == (6, 5)
    assert flat[:, 2].min() == 1
