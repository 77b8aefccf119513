"""The checks of calibrations and metrics notice a broken promise and say which."""

import numpy as np
import pytest

from labelwright import InputError
from labelwright.evidence import Exact, as_evidence
from labelwright.parts import adjust, calibration, metrics
from labelwright.testing import ContractError
from labelwright.testing.maps import check_calibration, check_metric

GOOD = calibration.temperature


def fit(change):
    """A calibration whose result is spoiled by `change(calibrated, probs)`."""

    def calibrate(probs, told):
        fitted = GOOD(probs, told)
        return lambda p: change(fitted(p), p)

    return calibrate


def unwilling(probs, told):
    """No calibration at all, and it refuses where it should."""
    GOOD(probs, told)
    return lambda p: np.array(p)


def by_position(probs, told):
    scale = GOOD(probs, told).temperature + probs[0, 0]
    return lambda p: adjust.temperature(p, scale)


def counting_missing(probs, told):
    scale = GOOD(probs, told).temperature + len(probs) / 100
    return lambda p: adjust.temperature(p, scale)


def meddling(probs, told):
    probs *= 1.0 + 1e-3
    return GOOD(probs, told)


def lenient(probs, told):
    return lambda p: p


def one_class_up(calibrated, probs):
    lifted = calibrated * np.array([3.0, 1, 1, 1])
    return lifted / lifted.sum(axis=1, keepdims=True)


def by_last(calibrated, probs):
    """Mixed with the row that stands last."""
    return (calibrated + calibrated[-1:]) / 2


def test_sound_calibrations_pass():
    check_calibration(GOOD, keeps_argmax=True)
    check_calibration(unwilling, keeps_argmax=True)


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (fit(lambda c, p: c[:, :2]), "have shape"),
        (fit(lambda c, p: c * 0.9), "sum to 1"),
        (fit(lambda c, p: c - 0.5), "at least 0"),
        (fit(lambda c, p: c * np.nan), "finite"),
        (fit(one_class_up), "renaming the classes"),
        (fit(by_last), "follow their items|order of the items"),
        (by_position, "order of the items"),
        (counting_missing, "nothing was told change nothing"),
        (meddling, "must not change probs"),
        (lenient, "evidence that tells nothing raises InputError"),
        (
            fit(lambda c, p: adjust.temperature(c, 0.1)),
            "as probable as before, but the mean log-evidence fell",
        ),
    ],
)
def test_broken_calibrations_are_noticed(broken, message):
    with pytest.raises(ContractError, match=message):
        check_calibration(broken)


def test_the_keywords_of_a_calibration_matter():
    with pytest.raises(ContractError, match="most probable class"):
        check_calibration(fit(lambda c, p: (1 - c) / 3), parametric=False, keeps_argmax=True)
    check_calibration(fit(lambda c, p: (1 - c) / 3), parametric=False)


def test_only_labels_would_not_do():
    def for_labels(probs, told):
        if not isinstance(told, Exact):
            return lambda p: adjust.temperature(p, 0.1)
        return GOOD(probs, told)

    with pytest.raises(ContractError, match="at least as probable as before"):
        check_calibration(for_labels)


def known(probs, told):
    evidence = as_evidence(told, np.shape(probs)[-1])
    if not isinstance(evidence, Exact) or not evidence.known.any():
        raise InputError("told holds no labels")
    return probs[evidence.known], evidence.codes[evidence.known]


def accuracy(probs, told):
    table, codes = known(probs, told)
    return float((table.argmax(axis=1) == codes).mean())


def first_row(probs, told):
    known(probs, told)
    return float(probs[0, 0])


def first_class(probs, told):
    return float(((known(probs, told)[0]).argmax(axis=1) == 0).mean())


def over_all_rows(probs, told):
    table, codes = known(probs, told)
    return float((table.argmax(axis=1) == codes).sum() / len(probs))


def spoils(probs, told):
    probs /= 2
    return 0.0


def no_refusal(probs, told):
    return 0.5


def refuses_all(probs, told):
    raise InputError("never")


def test_sound_metrics_pass():
    check_metric(accuracy, higher_is_better=True)
    check_metric(metrics.log_loss, higher_is_better=False)


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (lambda p, y: np.array([accuracy(p, y)]), "finite float, but it is array"),
        (lambda p, y: accuracy(p, y) * np.nan, "finite float, but it is nan"),
        (first_row, "order of the items"),
        (first_class, "order of the classes"),
        (over_all_rows, "nothing was told change nothing"),
        (spoils, "must not change probs"),
        (no_refusal, "evidence that tells nothing raises InputError"),
        (lambda p, y: 1 - accuracy(p, y), "certain and right .* higher being better"),
        (refuses_all, "takes labels or tags, but it refuses both"),
    ],
)
def test_broken_metrics_are_noticed(broken, message):
    with pytest.raises(ContractError, match=message):
        check_metric(broken, higher_is_better=True)


def test_the_direction_of_a_metric_matters():
    with pytest.raises(ContractError, match="lower being better"):
        check_metric(accuracy, higher_is_better=False)
