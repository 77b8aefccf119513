"""The check of judges notices a broken promise and says which."""

from itertools import count

import numpy as np
import pytest

from labelwright.audit import FunctionJudge, JudgeEnsemble, ModelJudge, Opinion
from labelwright.models.language import Scripted, Usage
from labelwright.testing import ContractError, check_judge


def by_length(texts):
    short = np.array([1 / len(text) for text in texts])
    return np.column_stack([short, 1 - short])


class Bad:
    """A judge by length, spoiled by `change(probs, items)`."""

    name = "bad"

    def __init__(self, change, classes=("a", "b"), usage=None):
        self.change, self.classes, self.usage = change, classes, usage or Usage(calls=1)

    def judge(self, items):
        return Opinion(self.change(by_length(items), items), self.usage)


def wandering():
    """Says something else each time."""
    times = count(1)

    def change(probs, items):
        sure = 1 / next(times)
        return sure * probs + (1 - sure) / 2

    return change


def no_two_alike(probs, items):
    """An item that was there before gets another row."""
    seen = [item in items[:i] for i, item in enumerate(items)]
    return np.where(np.array(seen)[:, None], 0.5, probs)


BROKEN = {
    "rows of probs sum to 1": lambda probs, items: probs * 0.9,
    "finite and at least 0": lambda probs, items: probs * [[-1.0, 1]],
    "probs has shape": lambda probs, items: probs[:, :1],
    "asked twice": wandering(),
    "order of the items": lambda probs, items: (probs + probs[:1]) / 2,
    "equal items": no_two_alike,
    "an item alone": lambda probs, items: probs[:, ::-1] if len(items) == 1 else probs,
}


@pytest.mark.parametrize("message", BROKEN)
def test_a_broken_promise(message):
    with pytest.raises(ContractError, match=f"^Bad: .*{message}"):
        check_judge(Bad(BROKEN[message]))


def test_sound_judges_pass():
    check_judge(Bad(lambda probs, items: probs))
    check_judge(FunctionJudge(by_length, ["a", "b"]))
    check_judge(FunctionJudge(lambda rows: np.column_stack([rows, 1 - np.array(rows)]), [0, 1]), [0.1, 0.4])


def test_costs():
    with pytest.raises(ContractError, match=r"usage.seconds is at least 0, but it is -1.0"):
        check_judge(Bad(lambda probs, items: probs, usage=Usage(seconds=-1.0)))


def test_classes():
    with pytest.raises(ContractError, match="all different, but they are"):
        check_judge(Bad(lambda probs, items: probs, classes=("a", "a")))


def test_a_judge_that_goes_by_the_names_of_its_classes():
    class Sorted(Bad):
        def judge(self, items):
            return Opinion(by_length(items)[:, np.argsort(self.classes)], Usage())

    with pytest.raises(ContractError, match="classes may be called anything"):
        check_judge(Sorted(None))


def test_words_keep_what_a_model_is_asked():
    check_judge(ModelJudge(Scripted({}, scores=lambda prompt, said: -float(len(said))), ["a", "bb"]))


def test_one_names_them_itself():
    class Closed(Bad):
        @property
        def classes(self):
            return ["a", "b"]

        @classes.setter
        def classes(self, value): ...

    closed = Closed(lambda probs, items: probs)
    with pytest.raises(ContractError, match="classes take other names"):
        check_judge(closed)
    check_judge(closed, renamed=lambda judge, names: Bad(judge.change, [names[c] for c in judge.classes]))


def test_a_judge_that_changes_its_items():
    def append(probs, items):
        items[0].append(1)
        return probs

    with pytest.raises(ContractError, match="must not change the items"):
        check_judge(Bad(append), [[1, 2], [1, 2, 3]])


def test_an_ensemble_is_renamed_through_its_judges():
    two = FunctionJudge(lambda texts: by_length(texts)[:, ::-1], ["b", "a"], "two")
    check_judge(JudgeEnsemble([FunctionJudge(by_length, ["a", "b"], "one"), two]))
