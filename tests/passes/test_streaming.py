"""Reading in blocks gives the same as reading at once, for every form and every filter."""

import numpy as np
import pytest
from tests.passes.tables import FORMS, in_memory, npy, parquet, small_blocks  # noqa: F401

from labelwright import Candidates, Exact, InputError, Marks
from labelwright.audit import ConfidentLearning
from labelwright.audit.confident import FILTERS
from labelwright.passes import source_of, sources, sweep

N, K, TAGS = 211, 6, 4


def classes(seed=0):
    rng = np.random.default_rng(seed)
    probs = rng.dirichlet(np.ones(K) * 0.6, N)
    codes = np.where(rng.random(N) < 0.6, probs.argmax(axis=1), rng.integers(-1, K, N))
    return probs, Exact.from_codes(codes, range(K))


def tags(seed=0):
    rng = np.random.default_rng(seed)
    probs = rng.random((N, TAGS))
    return probs, Marks(np.where(rng.random((N, TAGS)) < 0.6, probs > 0.5, rng.integers(-1, 2, (N, TAGS))))


def results(table, told, filter_by="prune_by_noise_rate"):
    finder = ConfidentLearning(filter_by).fit(table, told)
    names = ("issues_", "ranking_", "confident_joint_", "joint_", "noise_matrix_", "support_", "error_rate_")
    return {name: np.asarray(getattr(finder, name)) for name in names}


def swept(table, told):
    found = sweep(source_of(table), told)
    names = ("counts", "thresholds", "joint", "support", "agrees", "off")
    parts = {name: np.asarray(getattr(found, name)) for name in names}
    quota = np.full(found.joint.shape, 5)
    return parts | {"margins": found.margins(), "largest": found.largest_margins(quota)}


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("draw", [classes, tags])
def test_a_sweep_in_blocks_is_the_sweep_at_once(draw, form, tmp_path, monkeypatch):
    make, dtype = FORMS[form]
    probs, told = draw()
    table = make(probs, tmp_path)
    streamed = swept(table, told)
    monkeypatch.setattr(sources, "BLOCK_BYTES", 1 << 22)
    at_once = swept(in_memory(probs, dtype, tmp_path), told)
    for name, value in at_once.items():
        np.testing.assert_array_equal(streamed[name], value, err_msg=name)


@pytest.mark.parametrize("block", [1, 333])
@pytest.mark.parametrize("form", ["strided array", "memory map", "npy float32", "parquet float64"])
@pytest.mark.parametrize("rule", FILTERS)
@pytest.mark.parametrize("draw", [classes, tags])
def test_every_filter_in_blocks_is_the_filter_at_once(draw, rule, form, block, tmp_path, monkeypatch):
    make, dtype = FORMS[form]
    probs, told = draw(1)
    at_once = results(in_memory(probs, dtype, tmp_path), told, rule)
    monkeypatch.setattr(sources, "BLOCK_BYTES", block)
    streamed = results(make(probs, tmp_path), told, rule)
    for name, value in at_once.items():
        np.testing.assert_array_equal(streamed[name], value, err_msg=name)
    assert at_once["issues_"].any()


@pytest.mark.parametrize("block", [1, 150, 1 << 22])
@pytest.mark.parametrize("form", ["array", "npy", "parquet"])
def test_bad_rows_are_counted_over_blocks(form, block, tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "BLOCK_BYTES", block)
    probs, told = classes()
    probs[23] *= 1.5
    probs[100, 2] = np.nan
    probs[101] = [-0.5, 1.5, 0, 0, 0, 0]
    probs[210] = 0
    made = {
        "array": lambda: probs,
        "npy": lambda: npy(tmp_path / "b.npy", probs),
        "parquet": lambda: parquet(tmp_path / "b.parquet", probs),
    }
    with pytest.raises(InputError, match=r"4 of 211 rows \(first: row 23\).*softmax"):
        sweep(source_of(made[form]()), told)
    marks = np.random.default_rng(0).random((N, TAGS))
    marks[57, 3], marks[60, 0], marks[60, 1] = np.nan, -0.1, 1.1
    with pytest.raises(InputError, match=r"2 of 211 rows \(first: row 57\)"):
        sweep(source_of(marks), tags()[1])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "row", [[np.inf, 0, 0, 0, 0, 0], [1.02, 0, 0, 0, 0, 0], [0.5, 0.5, 0.5, -0.5, 0, 0], [np.nan] * 6]
)
def test_each_kind_of_bad_row_is_seen(row, dtype):
    probs, told = classes()
    probs[5] = row
    with pytest.raises(InputError, match=r"1 of 211 rows \(first: row 5\)"):
        sweep(source_of(probs.astype(dtype)), told)


def test_rows_without_a_label_are_checked_too():
    probs, told = classes()
    unlabelled = int(np.flatnonzero(~told.known)[0])
    probs[unlabelled] *= 2
    with pytest.raises(InputError, match=f"first: row {unlabelled}"):
        sweep(source_of(probs), told)


def test_other_evidence_is_refused():
    with pytest.raises(InputError, match="not Candidates"):
        sweep(source_of(np.full((1, 2), 0.5)), Candidates([[True, False]]))


def test_one_class_and_no_rows():
    one = sweep(source_of(np.ones((4, 1))), Exact([3, 3, None, 3]))
    assert one.agrees.all()
    assert one.margins()[[0, 1, 3]].tolist() == [1, 1, 1]
    assert not one.largest_margins(np.array([[2]])).any()
    none = sweep(source_of(np.empty((0, 3))), Exact([], classes=range(3)))
    assert none.joint.tolist() == np.eye(3).tolist()
    assert none.largest_margins(np.full((3, 3), 2)).shape == (0,)
