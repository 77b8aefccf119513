"""Views keep shape and dtype, are ruled by their generator, and change what they say they change."""

from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from labelwright.errors import InputError
from labelwright.nets import views

QUICKLY = settings(derandomize=True, deadline=None, max_examples=40)
PICTURES = torch.rand(6, 2, 7, 7, generator=torch.Generator().manual_seed(1)) + 0.5
ROWS = torch.randn(6, 5, generator=torch.Generator().manual_seed(1))
WORDS = torch.randint(0, 9, (6, 5), generator=torch.Generator().manual_seed(1))

CASES = {
    "identity": (views.identity, ROWS),
    "jitter": (views.jitter, ROWS),
    "shift": (views.shift, PICTURES),
    "erase": (views.erase, PICTURES),
    "rotate": (views.rotate, PICTURES),
    "brighten": (views.brighten, PICTURES),
    "word_dropout": (partial(views.word_dropout, rate=0.5), WORDS),
    "compose": (views.compose(views.shift, views.erase, views.brighten), PICTURES),
}


def at(seed):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("n", [6, 1, 0])
def test_shape_and_dtype_stay_and_the_generator_decides(case, n):
    view, x = CASES[case]
    x = x[:n]
    before, state = x.clone(), torch.random.get_rng_state()
    once, again, other = view(x, at(0)), view(x, at(0)), view(x, at(1))
    assert once.shape == x.shape
    assert once.dtype == x.dtype
    assert torch.equal(once, again)
    assert torch.equal(x, before)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert case == "identity" or n < 6 or not torch.equal(once, other)


@pytest.mark.parametrize("case", [c for c in CASES if c not in ("identity", "word_dropout")])
def test_double_precision_stays(case):
    view, x = CASES[case]
    assert view(x.double(), at(0)).dtype == torch.float64


@QUICKLY
@given(st.integers(0, 3), st.integers(0, 10**6))
def test_shift_moves_each_picture_by_some_offset(pixels, seed):
    moved = views.shift(PICTURES, at(seed), pixels=pixels)
    for before, after in zip(PICTURES, moved):
        offsets = [
            (dy, dx) for dy in range(-pixels, pixels + 1) for dx in range(-pixels, pixels + 1)
            if torch.equal(slowly_moved(before, dy, dx), after)
        ]  # fmt: skip
        assert len(offsets) == 1


def slowly_moved(picture, dy, dx):
    after = torch.zeros_like(picture)
    _, h, w = picture.shape
    for y in range(h):
        for x in range(w):
            if 0 <= y + dy < h and 0 <= x + dx < w:
                after[:, y, x] = picture[:, y + dy, x + dx]
    return after


def test_pictures_of_a_batch_move_apart():
    same = PICTURES[:1].expand(50, -1, -1, -1)
    assert len(torch.unique(views.shift(same, at(0), pixels=1), dim=0)) == 9


@QUICKLY
@given(st.integers(0, 5), st.integers(0, 10**6))
def test_erase_makes_one_square_zero_and_leaves_the_rest(side, seed):
    left = views.erase(PICTURES, at(seed), side=side)
    gone = left == 0
    assert torch.equal(left[~gone], PICTURES[~gone])
    assert torch.equal(gone[:, 0], gone[:, 1])
    for hit in gone[:, 0]:
        rows, columns = hit.any(dim=1), hit.any(dim=0)
        assert torch.equal(hit, rows[:, None] & columns[None, :])
        assert (side + 1) // 2 <= rows.sum() <= side
        assert (side + 1) // 2 <= columns.sum() <= side
        for line in (rows, columns):
            places = line.nonzero().ravel()
            assert not len(places) or places[-1] - places[0] + 1 == len(places)


def test_rotate_turns_by_the_angle_and_no_further():
    torch.testing.assert_close(views.rotate(PICTURES, at(0), degrees=0.0), PICTURES, atol=1e-4, rtol=1e-4)
    # A bright dot at radius 3 to the right of the centre ends at an angle within the limit.
    dot = torch.zeros(200, 1, 9, 9)
    dot[:, 0, 4, 7] = 1
    turned = views.rotate(dot, at(0), degrees=30.0)[:, 0]
    mass = turned.sum(dim=(1, 2))
    place = torch.arange(9) - 4.0
    up = (turned.sum(dim=2) * place).sum(dim=1) / mass
    right = (turned.sum(dim=1) * place).sum(dim=1) / mass
    angle = torch.rad2deg(torch.atan2(up, right))
    assert angle.abs().max() < 33  # pixels are coarse
    assert angle.max() > 24
    assert angle.min() < -24
    assert (torch.hypot(up, right) - 3).abs().max() < 0.4


def test_brighten_scales_each_picture_by_one_number():
    ratio = (views.brighten(PICTURES, at(0), amount=0.3) / PICTURES).flatten(1)
    torch.testing.assert_close(ratio, ratio[:, :1].expand_as(ratio))
    assert (ratio[:, 0] - 1).abs().max() <= 0.3
    assert len(ratio[:, 0].unique()) == 6


def test_jitter_has_the_noise_and_the_gaps_asked_for():
    x = torch.full((200, 200), 5.0)
    changed = views.jitter(x, at(0), noise=0.5, drop=0.25)
    gone = changed == 0
    assert float(gone.float().mean()) == pytest.approx(0.25, abs=0.02)
    assert float(changed[~gone].mean()) == pytest.approx(5.0, abs=0.02)
    assert float(changed[~gone].std()) == pytest.approx(0.5, abs=0.02)


def test_word_dropout_makes_words_unknown_and_keeps_padding():
    x = torch.randint(0, 9, (100, 100), generator=at(1))
    lost = views.word_dropout(x, at(0), rate=0.3)
    assert torch.equal(lost[x == 0], x[x == 0])
    changed = lost != x
    assert set(lost[changed].tolist()) == {1}
    assert float(changed[x > 1].float().mean()) == pytest.approx(0.3, abs=0.02)


def test_composition_is_one_after_the_other():
    generator = at(5)
    expected = views.erase(views.shift(PICTURES, generator), generator)
    assert torch.equal(views.compose(views.shift, views.erase)(PICTURES, at(5)), expected)


@pytest.mark.parametrize(
    ("view", "x", "message"),
    [
        (views.shift, ROWS, r"shift takes pictures .* shape \(6, 5\)"),
        (views.erase, ROWS, "erase takes pictures"),
        (views.rotate, PICTURES[..., :5], "rotate takes square pictures"),
        (views.rotate, WORDS[:, :, None, None], "rotate takes floating-point"),
        (views.jitter, WORDS, "jitter takes floating-point numbers, x holds torch.int64"),
        (views.word_dropout, ROWS, "word_dropout takes ids of words"),
    ],
)
def test_a_view_of_the_wrong_kind_says_so(view, x, message):
    with pytest.raises(InputError, match=message):
        view(x, at(0))
