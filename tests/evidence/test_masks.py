"""Masks: pixels, boxes and tags equal enumeration; regions lose nothing to tiny or nearly certain probabilities."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelwright import Candidates, Exact, InputError
from labelwright.errors import DoubtfulInput
from labelwright.evidence.masks import Masks
from labelwright.testing import check_evidence, enumerate_labels

SLOWLY = settings(derandomize=True, deadline=None, max_examples=40)
SEEDS = st.integers(0, 2**31 - 1)
NAMES = ["ground", "cat", "cow"]


def enumerate_slowly(likelihood, probs):
    n, k = probs.shape
    total, mass = 0.0, np.zeros((n, k))
    for labels in itertools.product(range(k), repeat=n):
        weight = np.prod(probs[np.arange(n), labels]) * likelihood(labels)
        total += weight
        mass[np.arange(n), labels] += weight
    return mass, total


def check(told, likelihood, rng):
    n, k = len(told), told.n_classes
    probs = rng.dirichlet(np.ones(k), n)
    if rng.random() < 0.3:
        probs = np.where(probs < 0.15, 0, probs)
        probs /= probs.sum(axis=1, keepdims=True)
    mass, total = enumerate_slowly(likelihood, probs)
    if not total:
        with pytest.raises(InputError, match="impossible"):
            told.posterior(probs)
        return
    np.testing.assert_allclose(told.posterior(probs), mass / total, atol=1e-9)
    np.testing.assert_allclose(told.log_evidence(probs).sum(), np.log(total), atol=1e-9)
    posterior, log_evidence = enumerate_labels(told, probs)
    np.testing.assert_allclose(posterior, mass / total, atol=1e-9)
    assert log_evidence == pytest.approx(np.log(total))


def draw(rng, n, k):
    """Allowed classes, and disjoint regions whose class some pixel may be of."""
    allowed = rng.random((n, k)) < 0.7
    allowed[np.arange(n), rng.integers(k, size=n)] = True
    number, regions = rng.integers(-1, 3, n), []
    for r in range(3):
        rows = rng.permutation(np.flatnonzero(number == r))
        may = np.flatnonzero(allowed[rows].any(axis=0))
        if len(rows):
            regions.append((rows, int(rng.choice(may))))
    return allowed, regions


@SLOWLY
@given(SEEDS)
def test_pixels_and_regions_equal_enumeration(seed):
    rng = np.random.default_rng(seed)
    k = int(rng.integers(1, 4))
    allowed, regions = draw(rng, int(rng.integers(1, 7)), k)

    def likelihood(labels):
        fine = all(allowed[i, y] for i, y in enumerate(labels))
        return float(fine and all(any(labels[i] == c for i in rows) for rows, c in regions))

    told = Masks(allowed, regions=regions)
    check(told, likelihood, rng)
    for labels in itertools.islice(itertools.product(range(k), repeat=len(told)), 50):
        assert told.likelihood_of(labels) == likelihood(labels)


@SLOWLY
@given(SEEDS)
def test_boxes_equal_enumeration(seed):
    rng = np.random.default_rng(seed)
    shapes = [(int(rng.integers(1, 3)), int(rng.integers(1, 4))) for _ in range(rng.integers(1, 3))]
    while sum(h * w for h, w in shapes) > 7:
        shapes.pop()
    shapes = shapes or [(2, 3)]
    background, boxes = int(rng.integers(3)), []
    for _ in range(rng.integers(0, 4)):
        image = int(rng.integers(len(shapes)))
        (top, bottom), (left, right) = (
            np.sort(rng.choice(side + 1, 2, replace=False)).tolist() for side in shapes[image]
        )
        boxes.append((image, top, left, bottom, right, NAMES[(background + rng.integers(1, 3)) % 3]))
    pixels = [(i, y, x) for i, (h, w) in enumerate(shapes) for y in range(h) for x in range(w)]

    def covering(pixel):
        i, y, x = pixel
        return [b for b, (j, t, le, bo, r, _) in enumerate(boxes) if i == j and t <= y < bo and le <= x < r]

    def likelihood(labels):
        said = dict(zip(pixels, (NAMES[y] for y in labels)))
        for pixel, name in said.items():
            if name not in [NAMES[background], *(boxes[b][5] for b in covering(pixel))]:
                return 0.0
        for b, box in enumerate(boxes):
            alone = [said[pixel] for pixel in pixels if covering(pixel) == [b]]
            if alone and box[5] not in alone:
                return 0.0
        return 1.0

    told = Masks.from_boxes(shapes, boxes, NAMES, background=NAMES[background])
    check(told, likelihood, rng)
    assert told.image.tolist() == [i for i, _, _ in pixels]


@SLOWLY
@given(SEEDS)
def test_tags_equal_enumeration(seed):
    rng = np.random.default_rng(seed)
    shapes, ends = [(1, 3), (2, 1), (1, 1)], [(0, 3), (3, 5), (5, 6)]
    tags = [[NAMES[rng.integers(1, 3)]] if rng.random() < 0.7 else [] for _ in shapes]

    def likelihood(labels):
        for (start, end), names in zip(ends, tags):
            seen = {NAMES[y] for y in labels[start:end]}
            if not seen <= {"ground", *names} or not set(names) <= seen:
                return 0.0
        return 1.0

    check(Masks.from_tags(shapes, tags, NAMES), likelihood, rng)


def test_several_tags_of_one_image_only_exclude():
    with pytest.warns(DoubtfulInput, match=r"1 images have several tags \(first: image 1\)"):
        told = Masks.from_tags([(1, 1), (1, 2)], [["cat"], ["cat", "dog"]], ["ground", "cat", "cow", "dog"])
    assert told.region.tolist() == [0, -1, -1]
    assert told.allowed[1].tolist() == [True, True, False, True]


def test_arrays_are_codes_with_holes():
    images = [np.array([[0, 1], [255, 2]], dtype=np.uint8), np.array([[1]], dtype=np.int64)]
    told = Masks.from_arrays(images, NAMES, unknown=255)
    probs = np.random.default_rng(0).dirichlet(np.ones(3), 5)
    exact = Exact.from_codes([0, 1, -1, 2, 1], NAMES)
    np.testing.assert_allclose(told.posterior(probs), exact.posterior(probs))
    np.testing.assert_allclose(told.log_evidence(probs)[[0, 1, 3]], exact.log_evidence(probs)[[0, 1, 3]])
    back = told.as_arrays(told.posterior(probs).argmax(axis=1))
    assert [b.shape for b in back] == [(2, 2), (1, 1)]
    assert back[0][0].tolist() == [0, 1]
    assert back[1].tolist() == [[1]]
    assert Masks.from_arrays([np.zeros((1, 2), np.uint8)], NAMES).allowed.sum() == 2
    assert Masks([0, -1], NAMES).allowed.tolist() == [[True, False, False], [True] * 3]


@SLOWLY
@given(SEEDS)
def test_whole_regions_may_be_taken_in_any_order(seed):
    rng = np.random.default_rng(seed)
    allowed, regions = draw(rng, 12, 3)
    told, probs = Masks(allowed, regions=regions, shapes=[(2, 3), (3, 2)]), rng.dirichlet(np.ones(3), 12)
    groups = np.unique(told.groups)
    rows = rng.permutation(np.flatnonzero(np.isin(told.groups, groups[rng.random(len(groups)) < 0.6])))
    part = told[rows]
    np.testing.assert_allclose(part.posterior(probs[rows]), told.posterior(probs)[rows], atol=1e-12)
    np.testing.assert_allclose(part.log_evidence(probs[rows]), told.log_evidence(probs)[rows], atol=1e-12)
    np.testing.assert_array_equal(part.image, told.image[rows])
    whole = np.full(12, -1)
    whole[rows] = rows
    np.testing.assert_array_equal(part.as_arrays(rows)[0].ravel(), whole[:6])
    np.testing.assert_array_equal(part.as_arrays(rows)[1].ravel(), whole[6:])


def test_a_region_is_not_cut_apart():
    told = Masks([-1, -1, -1], ["a", "b"], regions=[([0, 2], "b")])
    with pytest.raises(InputError, match="1 of the 2 items of one region"):
        told[:2]


def examples():
    return [
        Masks.from_boxes([(2, 2), (1, 3)], [(0, 0, 0, 1, 2, "cat"), (1, 0, 1, 1, 3, "cat")], NAMES[:2]),
        Masks(
            [[True, True, False], [True] * 3, [True] * 3, [False, True, True]],
            regions=[([0, 2], 1), ([3], 2)],
        ),
        Masks.from_arrays([[[0, 1], [-1, 2]]], NAMES),
    ]


def test_the_contract():
    for told in examples():
        check_evidence(told)
        check_evidence(told.noisy(0.1))
    told = examples()[1]
    check_evidence(told & Candidates(np.roll(told.allowed, 1, axis=0) | told.allowed))


def test_without_regions_masks_are_candidates():
    rng = np.random.default_rng(0)
    allowed = rng.random((9, 3)) < 0.5
    allowed[:, 0] |= ~allowed.any(axis=1)
    probs = rng.dirichlet(np.ones(3), 9)
    told, sets = Masks(allowed), Candidates(allowed)
    np.testing.assert_allclose(told.posterior(probs), sets.posterior(probs))
    np.testing.assert_allclose(told.log_evidence(probs), sets.log_evidence(probs))
    np.testing.assert_array_equal(told.support(probs), sets.support(probs))
    assert np.isnan(told.support(probs)).sum() == allowed.all(axis=1).sum()


def test_tiny_and_nearly_certain_probabilities():
    told = Masks([-1] * 4, ["a", "b"], regions=[([0, 1, 2, 3], "b")])
    tiny = np.array([[1.0, 1e-300], [1.0, 3e-300], [0.5, 0.5], [1.0, 0.0]])
    # If the third is not b, one of the first two is, and that has probability 4e-300.
    told_third = told.message(tiny)[2]
    np.testing.assert_allclose(told_third, [np.log(4e-300), 0.0])
    np.testing.assert_allclose(told.posterior(tiny)[:, 1], [2e-300, 6e-300, 1.0, 0.0], rtol=1e-12)
    rare = tiny[[0, 1, 3, 3]]
    np.testing.assert_allclose(told.posterior(rare)[:, 1], [0.25, 0.75, 0, 0])
    np.testing.assert_allclose(told.log_evidence(rare).sum(), np.log(4e-300))
    near = np.array([[1e-300, 1.0], [1e-200, 1.0], [1.0, 0.0], [1.0, 0.0]])
    np.testing.assert_allclose(told.posterior(near)[:, 0], [1e-300, 1e-200, 1, 1], rtol=1e-12)
    assert told.log_evidence(near).sum() == 0.0
    sure = np.array([[0.0, 1.0], [0.0, 1.0], [0.5, 0.5], [1.0, 0.0]])
    np.testing.assert_allclose(told.posterior(sure), sure)


def test_the_excluded_class_may_have_nearly_all_the_probability():
    told = Masks([[False, True, True]] * 3, NAMES, regions=[([0, 1], "cat")])
    probs = np.array([[1.0, 1e-300, 3e-300]] * 3)
    np.testing.assert_allclose(told.posterior(probs)[0], [0, 1 / 4 / (7 / 16), 1 - 1 / 4 / (7 / 16)])
    np.testing.assert_allclose(told.log_evidence(probs)[:2].sum(), 2 * np.log(4e-300) + np.log(7 / 16))


def test_a_large_region_against_exact_arithmetic():
    rng = np.random.default_rng(0)
    n = 2000
    p = 10.0 ** -rng.uniform(0.1, 14, n)
    told = Masks([-1] * n, ["a", "b"], regions=[(np.arange(n), "b")])
    logs = told.message(np.stack([1 - p, p], axis=1))
    for i in [*range(5), int(p.argmax()), int(p.argmin())]:
        others = math.fsum(np.log1p(-np.delete(p, i)))
        assert logs[i, 0] == pytest.approx(np.log(-np.expm1(others)), rel=1e-12)
        assert logs[i, 1] == 0.0


def test_a_thousand_classes():
    k = 1000
    told = Masks([-1] * 3, range(k), regions=[([0, 1], 5)])
    probs = np.full((3, k), 1e-300)
    probs[:, -1] = 1.0
    np.testing.assert_allclose(told.posterior(probs)[:2, 5], 0.5)
    np.testing.assert_allclose(told.log_evidence(probs)[:2].sum(), np.log(2e-300))


def test_impossible_pixels_and_regions_name_the_first_row():
    told = Masks([-1, -1, -1, 0], ["a", "b"], regions=[([1, 2], "b")])
    free, a, b = [0.5, 0.5], [1.0, 0.0], [0.0, 1.0]
    for probs, says in [
        ([free, a, a, free], r"2 items \(by regions: 1\) .*first: row 1"),
        ([free, free, free, b], r"1 items \(by regions: 1\) .*first: row 3"),
    ]:
        for method in (told.posterior, told.log_evidence):
            with pytest.raises(InputError, match=says):
                method(probs)


def test_any_names_no_pixels_no_images():
    names = [None, ("a", 1), 2.5]
    told = Masks.from_boxes([(1, 2)], [(0, 0, 0, 1, 1, ("a", 1))], names)
    assert told.classes.tolist() == names
    assert told.region_class.tolist() == [1]
    none = told[:0]
    assert none.posterior(np.empty((0, 3))).shape == (0, 3)
    assert none.likelihood_of([]) == 1.0
    assert none.as_arrays([])[0].tolist() == [[-1, -1]]
    assert "n=0" in repr(none)
    for empty in (
        Masks([], "ab"), Masks.from_arrays([], "ab"), Masks.from_boxes([], [], "ab"), Masks.from_tags([], [], "ab"),
    ):  # fmt: skip
        assert len(empty) == 0
        assert empty.posterior(np.empty((0, 2))).shape == (0, 2)
        assert empty.image.tolist() == []
    assert Masks.from_arrays([], "ab").as_arrays([]) == []


def box(*edges):
    return lambda: Masks.from_boxes([(2, 3)], [edges], NAMES)


@pytest.mark.parametrize(
    ("go_wrong", "says"),
    [
        (lambda: Masks([[0, 1], [1, 1]]), r"allowed has shape \(2, 2\) and dtype int64.*from_arrays"),
        (lambda: Masks([True, False]), r"allowed has shape \(2,\) and dtype bool"),
        (lambda: Masks([[True, False]], "abc"), "allowed has 2 columns for 3 classes"),
        (lambda: Masks([0, 2], "ab"), "allowed holds 2 in row 1"),
        (lambda: Masks([0, -2], "ab"), "allowed holds -2 in row 1"),
        (lambda: Masks([[True, False], [False, False]]), r"1 pixels may be of no class .*first: row 1"),
        (lambda: Masks([0, 0], "ab", shapes=[(1, 1)]), "shapes hold 1 pixels, but 2 are given"),
        (lambda: Masks([0, 0], "ab", shapes=[(1, 2.0)]), r"shapes holds \(1, 2\.0\) for image 0"),
        (lambda: Masks([-1, -1], "ab", regions=[([0], "a"), ([1, 0], "b")]), r"regions 0 .* and 1 \('b'\) share row 0"),
        (lambda: Masks([-1, -1], "ab", regions=[([], "a")]), r"region 0 \('a'\) must hold at least one position"),
        (lambda: Masks([-1, -1], "ab", regions=[([2], "a")]), "from 0 to 1"),
        (lambda: Masks([-1, -1], "ab", regions=[([False, False], "a")]), "must hold at least one"),
        (lambda: Masks([-1, -1], "ab", regions=[([0], "z")]), "region 0 names class 'z'"),
        (lambda: Masks([0, 0], "ab", regions=[([0, 1], "b")]), r"no pixel of region 0 .* may be of class 'b'"),
        (lambda: Masks.from_arrays([[[0]], [[0, 7]]], NAMES), r"image 1 holds 7 at \(0, 1\)"),
        (lambda: Masks.from_arrays([[0, 1]], NAMES), r"image 0 has shape \(2,\)"),
        (lambda: Masks.from_arrays([[[0.5]]], NAMES), "image 0 has shape .*float64"),
        (box(0, 0, 0, 1, "cat"), r"box 0 is \(0, 0, 0, 1, 'cat'\), expected"),
        (box(1, 0, 0, 1, 1, "cat"), "box 0 is in image 1, but there are 1 images"),
        (box(0, 0, 0, 3, 1, "cat"), r"box 0 goes from \(0, 0\) to \(3, 1\).*2 x 3 pixels"),
        (box(0, 1, 0, 1, 1, "cat"), "box 0 goes from .*empty"),
        (box(0, 0, 0, 1, 1, "ground"), "box 0 is of class 'ground', the background"),
        (box(0, 0, 0, 1, 1, "dog"), "box 0 names class 'dog'"),
        (lambda: Masks.from_boxes([(1, 1)], [], NAMES, background="sky"), "background names class 'sky'"),
        (lambda: Masks.from_boxes([(1, 1)], [], []), "classes is empty"),
        (lambda: Masks.from_tags([(1, 1)], [], NAMES), "tags are given for 0 images, but there are 1 shapes"),
        (lambda: Masks.from_tags([(1, 1)], [["dog"]], NAMES), "image 0 names class 'dog'"),
        (lambda: Masks([0], "a").as_arrays([0, 1]), r"labels have shape \(2,\), expected \(1,\)"),
    ],
)  # fmt: skip
def test_errors_say_what_and_where(go_wrong, says):
    with pytest.raises(InputError, match=says):
        go_wrong()
