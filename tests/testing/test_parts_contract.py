"""The contract holds for every function of every part, found by walking; what has no role of its own says why."""

import inspect
from functools import partial
from importlib import import_module
from pkgutil import iter_modules

import numpy as np
import pytest

from labelwright import parts
from labelwright.testing import (
    check_calibration,
    check_loss,
    check_metric,
    check_noise,
    check_pool,
    check_score,
    check_targets,
    check_weights,
)

SKEWED = np.array([[0.7, 0.2, 0.1, 0.0], [0.1, 0.8, 0.1, 0.0], [0.0, 0.1, 0.9, 0.0], [0.2, 0.0, 0.0, 0.8]])
EVEN = np.full(4, 0.25)
BALANCE = np.array([0.4, 0.3, 0.2, 0.1])


def check_confusions(function):
    """From counts ``[source, true, said]`` to confusions: no row above 1, whatever sources and classes are called."""
    rng = np.random.default_rng(0)
    counts = rng.poisson(3, (5, 3, 3)) + 6.0 * np.eye(3)
    counts[4] = 0  # a source that was not asked
    before = counts.copy()
    start = np.full((5, 3, 3), 0.2) + 0.4 * np.eye(3)
    found = function(counts, start)
    assert found.shape == counts.shape
    assert (found >= 0).all()
    assert (found.sum(axis=2) < 1 + 1e-9).all()
    np.testing.assert_array_equal(counts, before)
    sources, classes = rng.permutation(5), rng.permutation(3)
    cells = np.ix_(sources, classes, classes)
    np.testing.assert_allclose(function(counts[cells], start[cells]), found[cells], atol=1e-6)


# The check of each role; a function that needs an argument, or looks across items, is set up below.
ROLES = {
    "calibration": check_calibration,
    "confusions": check_confusions,
    "losses": check_loss,
    "noise": check_noise,
    "pools": check_pool,
    "scores": check_score,
    "shifted_losses": check_loss,
    "targets": check_targets,
    "weights": check_weights,
}
CHECKS = {
    "adjust.affine": lambda f: check_targets(partial(f, weight=1.5, shift=BALANCE)),
    "adjust.bend": lambda f: check_targets(partial(f, slope=1.2, power=0.8, shift=BALANCE)),
    "adjust.forward": lambda f: check_targets(partial(f, channel=SKEWED)),
    "adjust.reprior": lambda f: check_targets(partial(f, old=EVEN, new=BALANCE)),
    "adjust.temperature": lambda f: check_targets(partial(f, value=0.7)),
    "calibration.isotonic": partial(check_calibration, parametric=False),
    "calibration.temperature": partial(check_calibration, keeps_argmax=True),
    "losses.backward_corrected": lambda f: check_loss(partial(f, channel=SKEWED)),
    "losses.forward_corrected": lambda f: check_loss(partial(f, channel=SKEWED)),
    "losses.balance": partial(check_loss, batch=True),
    "shifted_losses.among": lambda f: check_loss(partial(f, allowed=np.ones(4, dtype=bool))),
    "shifted_losses.logit_adjusted": lambda f: check_loss(partial(f, source=EVEN, target=BALANCE)),
    "losses.asymmetric": partial(check_loss, tags=True),
    "losses.binary_cross_entropy": partial(check_loss, tags=True),
    "losses.contrastive": partial(check_loss, tags=True),
    "metrics.expected_calibration_error": partial(check_metric, higher_is_better=False),
    "metrics.classwise_calibration_error": partial(check_metric, higher_is_better=False),
    "metrics.brier": partial(check_metric, higher_is_better=False),
    "metrics.log_loss": partial(check_metric, higher_is_better=False),
    "targets.align": lambda f: check_targets(partial(f, seen=BALANCE)),
    "targets.distil": lambda f: check_targets(lambda p: f(p, p, 0.3, 2.0)),
    "targets.ensemble": lambda f: check_targets(lambda p: f(p, p, 0.9)),
    "targets.mix": lambda f: check_targets(lambda p: f(p, np.roll(np.arange(12), 1), 0.4), batch=True),
    "targets.sharpen": lambda f: check_targets(partial(f, temperature=0.5)),
    "targets.smooth": lambda f: check_targets(partial(f, rate=0.1)),
    "targets.top": lambda f: check_targets(partial(f, count=2)),
    "weights.small_loss": lambda f: check_weights(partial(f, keep=0.6)),
    "weights.threshold": lambda f: check_weights(partial(f, most=0.5)),
    "weights.importance": lambda f: check_weights(lambda scores, codes: f(codes, EVEN, BALANCE)),
    "weights.effective_number": lambda f: check_weights(lambda scores, codes: f(codes)),
    "noise.confident_joint": check_noise,
}
# No role of their own, and the tests that hold them instead.
WITHOUT_ROLE = {
    "adjust.linear": "a step of affine",
    "adjust.bent": "a step of bend",
    "confusions.against": "a mask of sources; tests/parts/test_confusions",
    "confusions.unheard": "takes that mask; tests/parts/test_confusions",
    "losses.proportion": "needs groups; tests/parts/test_losses",
    "metrics.aurc": "of a ranking, not of labels; tests/parts/test_metrics",
    "metrics.excess_aurc": "of a ranking, not of labels; tests/parts/test_metrics",
    "metrics.risk_coverage": "a curve; tests/parts/test_metrics",
    "metrics.ndcg_at": "of tags; tests/parts/test_metrics",
    "metrics.precision_at": "of tags; tests/parts/test_metrics",
    "noise.at_least_one_right": "a step of confident_joint",
    "noise.calibrate": "a step from joint to counts",
    "noise.matrix": "from a joint to a channel",
    "noise.means": "a step of thresholds",
    "noise.round_rows": "a step of calibrate",
    "noise.thresholds": "(k,), not (k, k); tests/parts/test_noise",
}
# Files whose functions are engines or take a graph: tested by enumeration and oracles in tests/parts.
OTHERS = {
    "agreement", "arrays", "blend", "cells", "channel", "class_gaussians", "contrastive", "deferral", "distances",
    "graph_kernels", "graphs", "kernels", "label_tree", "moments", "nearest", "neighbours", "open_set",
    "penalties", "priors", "resample", "self_training", "shares", "skill", "subspaces", "triplets",
}  # fmt: skip


def functions():
    """Public functions of all parts that have a role, by ``part.name``."""
    found = {}
    for module in iter_modules(parts.__path__):
        if module.name in OTHERS or module.name.startswith("_"):
            continue
        part = import_module(f"labelwright.parts.{module.name}")
        for name, thing in vars(part).items():
            if inspect.isfunction(thing) and thing.__module__ == part.__name__ and name[0] != "_":
                found[f"{module.name}.{name}"] = thing
    return found


FOUND = functions()


@pytest.mark.parametrize("name", sorted(FOUND.keys() - WITHOUT_ROLE.keys()))
def test_every_part(name):
    part = name.partition(".")[0]
    check = CHECKS.get(name) or ROLES.get(part)
    assert check, f"{name} is new: give it a check, or say in WITHOUT_ROLE which test holds it"
    check(FOUND[name])


def test_the_tables_are_not_stale():
    assert (CHECKS.keys() | WITHOUT_ROLE.keys()) <= FOUND.keys()
    assert not CHECKS.keys() & WITHOUT_ROLE.keys()
    assert {m.name for m in iter_modules(parts.__path__)} >= OTHERS
