"""Claims are decided by what is seen: true ones hold, false ones fail, ties are unclear; nothing is run twice."""

import json

import numpy as np
import pytest

from labelwright.errors import InputError
from labelwright.papers.claim import Claim, ahead
from labelwright.reproduce import Skipped, cache, claims, interval, load, run_one
from labelwright.reproduce.runner import at_most

RAN = []


def numbers(rng, quick=False):
    return rng.normal(size=5 if quick else 50)


def count(name, shift):
    def arm(data):
        RAN.append(name)
        return data.mean() + shift

    return arm


def toy(holds, *, name="toy", arms=None, **options):
    arms = arms or {"better": count("better", 1.0), "plain": count("plain", 0.0), "same": count("same", 0.0)}
    return Claim(
        paper="S007", name=name, says="one arm is better than another", data=numbers, arms=arms,
        measure=lambda value, data: value, holds=holds, departs="from everything, being a test", **options,
    )  # fmt: skip


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("LABELWRIGHT_CACHE", str(tmp_path / "cache"))
    RAN.clear()


@pytest.mark.parametrize(
    ("holds", "verdict"),
    [
        (ahead("better", of="plain"), "holds"),
        (ahead("better", of="plain", by=0.99), "holds"),
        (ahead("better", of="plain", by=1.01), "fails"),
        (ahead("plain", of="better"), "fails"),
        (ahead("plain", of="same"), "unclear"),
        ((ahead("better", of="plain"), ahead("plain", of="same")), "unclear"),
        ((ahead("better", of="plain"), ahead("plain", of="better")), "fails"),
    ],
)
def test_verdicts(holds, verdict):
    assert run_one(toy(holds), n_jobs=1).verdict == verdict


def test_noise_alone_is_unclear():
    rng = np.random.default_rng(0)
    arms = {"a": lambda data: rng.normal(), "b": lambda data: rng.normal()}
    assert run_one(toy(ahead("a", of="b"), arms=arms), n_jobs=1).verdict == "unclear"


def test_lower_can_be_better():
    assert run_one(toy(ahead("plain", of="better"), higher_is_better=False), n_jobs=1).verdict == "holds"


def test_nothing_is_run_twice_and_a_stopped_run_loses_one_arm():
    stop = [True]

    def fragile(data):
        RAN.append("fragile")
        if stop[0] and RAN.count("fragile") == 3:
            raise KeyboardInterrupt
        return 0.0

    claim = toy(ahead("better", of="fragile"), arms={"better": count("better", 1.0), "fragile": fragile})
    with pytest.raises(KeyboardInterrupt):
        run_one(claim, n_jobs=1)
    assert RAN.count("better") == 3
    stop[0] = False
    run_one(claim, n_jobs=1)
    assert RAN.count("better") == claim.seeds
    assert RAN.count("fragile") == claim.seeds + 1
    before = len(RAN)
    run_one(claim, n_jobs=1)
    assert len(RAN) == before


def test_results_are_kept_and_quick_ones_are_not(tmp_path):
    result = run_one(toy(ahead("better", of="plain")), n_jobs=1)
    result.save(tmp_path)
    record = load(tmp_path)["S007-toy"]
    assert record["verdict"] == "holds"
    assert record["seeds"] == 5
    assert record["arms"]["better"]["mean"] == pytest.approx(np.mean(record["arms"]["better"]["values"]))
    assert json.dumps(record)
    with pytest.raises(InputError, match="quick"):
        run_one(toy(ahead("better", of="plain")), quick=True, n_jobs=1).save(tmp_path)


def test_changed_code_makes_earlier_runs_void(monkeypatch):
    claim = toy(ahead("better", of="plain"))
    first = cache.place(claim, 0, "better", quick=False)
    monkeypatch.setattr(cache, "code", lambda: "other")
    assert cache.place(claim, 0, "better", quick=False) != first


def test_processes_give_the_same_as_one():
    alone = run_one(toy(ahead("better", of="plain"), name="alone"), n_jobs=1)
    both = run_one(toy(ahead("better", of="plain"), name="both"), n_jobs=2)
    assert alone.values == both.values


def test_a_budget_stops_an_arm():
    def endless():
        with at_most(0.05, "this"):
            while True:
                pass

    with pytest.raises(InputError, match="longer than its budget"):
        endless()


def test_missing_packages_skip_with_the_reason():
    with pytest.raises(Skipped, match="no_such_package"):
        run_one(toy(ahead("better", of="plain"), needs=("no_such_package",)), n_jobs=1)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"holds": ahead("best", of="plain")}, "best"),
        ({"arms": {"a": numbers}}, "naive"),
        ({"departs": ""}, "departs"),
        ({"seeds": 3}, "seeds"),
        ({"budget_s": 1e4}, "budget_s"),
        ({"name": "a b"}, "name"),
        ({"paper": "S999"}, "S999"),
        ({"holds": ()}, "empty"),
    ],
)
def test_claims_are_checked_when_made(change, says):
    fields = {
        "paper": "S007", "name": "toy", "says": "one is better", "data": numbers, "measure": float,
        "arms": {"better": numbers, "plain": numbers}, "holds": ahead("better", of="plain"), "departs": "it is a test",
    }  # fmt: skip
    with pytest.raises(InputError, match=says):
        Claim(**(fields | change))


def test_intervals_of_five_numbers_cover():
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(400):
        low, high = interval(rng.normal(size=5).tolist())
        hits += low <= 0 <= high
    assert hits / 400 > 0.9  # plain percentiles of five numbers reach 0.83


def test_every_claim_is_of_a_known_paper():
    assert {"S007", "S065", "S117"} <= set(claims())
    for found in claims().values():
        assert len({claim.name for claim in found}) == len(found)


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.parametrize("claim", [c for found in claims().values() for c in found], ids=lambda c: c.id)
def test_every_claim_runs(claim, tmp_path):
    result = run_one(claim, quick=True, n_jobs=1)
    assert result.verdict in ("holds", "fails", "unclear")
    assert result.wall_s < claim.budget_s


def test_every_room_that_is_there_can_be_cited():
    from labelwright.reproduce.cite import ROOMS as CITED
    from labelwright.reproduce.cite import cited, implementations
    from labelwright.testing.discover import ROOMS, _is_there

    assert set(CITED) == {room for room in ROOMS if _is_there(room)}
    assert list(cited("learn.LLP")) == ["havaldar2024proportions"]
    assert "ratner2019training" in cited("combine.MeTaL")
    assert {"learn.ImpreciseEM", "learn.ImpreciseNet"} <= set(implementations()["chen2024imprecise"])
