"""A judge's second opinion: a good one moves wrong labels up, a poor one is not believed, and what it took is told."""

import numpy as np
import pytest

from labelwright.audit import FunctionJudge, JudgeEnsemble, labels
from labelwright.audit.report import page
from labelwright.audit.verdicts import judge as weigh
from labelwright.errors import InputError
from labelwright.evidence import Exact, Marks
from labelwright.frames import column
from labelwright.models.language import Scripted

NAMES = ["bad", "good"]


def noisy_texts(n=400, seed=0):
    """Texts in which two words say the class, in most cases; a twentieth of the labels is wrong."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(2, size=n)
    word = np.where(rng.random(n) < 0.85, truth, 1 - truth)
    texts = [f"the {('dull', 'bright')[w]} film number {i}" for i, w in enumerate(word)]
    wrong = rng.random(n) < 0.05
    return texts, np.array(NAMES)[np.where(wrong, 1 - truth, truth)], wrong, dict(zip(texts, truth.tolist()))


def knows(table, right=0.95, seed=0, name="critic"):
    """A judge that knows the truth of so many of the texts, and says the opposite of the others."""

    def say(texts):
        rng = np.random.default_rng([seed, len(texts)])
        yes = np.array([table[t] for t in texts]) ^ (rng.random(len(texts)) > right)
        return np.where(yes[:, None] == [0, 1], 0.85, 0.15)

    return FunctionJudge(say, NAMES, name)


def audit(texts, y, **options):
    return labels(texts, y, show=False, **options)


def test_a_good_judge_moves_wrong_labels_up_and_a_coin_does_not_move_them():
    texts, y, wrong, table = noisy_texts()
    alone = audit(texts, y).p_wrong
    helped = audit(texts, y, judge=knows(table), judge_rows=200)
    coin = audit(texts, y, judge=knows(table, 0.5), judge_rows=200)
    first = np.argsort(-helped.p_wrong)[: wrong.sum()]
    assert wrong[first].mean() > wrong[np.argsort(-alone)[: wrong.sum()]].mean() + 0.2
    np.testing.assert_allclose(coin.p_wrong, alone, atol=0.25)
    assert helped.error_rate == audit(texts, y).error_rate


def test_it_is_asked_about_the_most_doubtful_and_no_more_than_allowed():
    texts, y, _, table = noisy_texts()
    asked = []
    judge = knows(table)
    spy = FunctionJudge(lambda items: asked.extend(items) or judge.function(items), NAMES, "spy")
    found = audit(texts, y, judge=spy, judge_rows=40)
    assert len(asked) == len(set(asked)) == 40
    alone = audit(texts, y).p_wrong
    assert {texts[i] for i in np.argsort(-alone)[:20]} <= set(asked)
    assert column(found.judges, "items").tolist() == [40]
    assert "30 most doubtful labels and 10 drawn blindly" in " ".join(found.notes)
    unasked = [i for i, text in enumerate(texts) if text not in asked]
    np.testing.assert_array_equal(found.p_wrong[unasked], alone[unasked])


def test_all_are_asked_about_where_there_are_fewer():
    texts, y, _, table = noisy_texts(120)
    found = audit(texts, [*y.tolist()[:-1], None], judge=knows(table), judge_rows=500)
    assert column(found.judges, "items").tolist() == [119]
    assert "about all 119 labels" in " ".join(found.notes)
    assert np.isnan(found.p_wrong[-1])


def test_reasons_page_and_summary_speak_of_it():
    texts, y, _, table = noisy_texts()
    found = audit(texts, y, judge=JudgeEnsemble([knows(table, name="one"), knows(table, seed=3, name="two")]))
    assert any("the judge gives them" in why for why in column(found.issues, "why"))
    assert column(found.judges, "judge").tolist() == ["one", "two"]
    assert "one, two: 200 labels" in found.settings["judge"]
    html = page(found, title="Reviews").html()
    assert "Second opinions" in html
    assert "Second opinions" not in page(audit(texts, y), title="Reviews").html()


def test_columns_are_matched_by_name():
    texts, y, _, table = noisy_texts()
    judge = knows(table)
    turned = FunctionJudge(lambda items: judge.function(items)[:, ::-1], NAMES[::-1], "critic")
    one, two = (audit(texts, y, judge=j, judge_rows=80) for j in (judge, turned))
    np.testing.assert_allclose(one.p_wrong, two.p_wrong)


def test_a_language_model_by_name_object_or_function():
    texts, y, _, table = noisy_texts(160)

    def scores(prompt, said):
        text = next((t for t in table if t in prompt), None)
        return 0.0 if text is None else 2.0 * (said == f" {NAMES[table[text]]}")

    found = audit(texts, y, judge=Scripted({}, scores=scores, name="critic"), judge_rows=40)
    assert column(found.judges, "judge").tolist() == ["critic"]
    assert column(found.judges, "calls")[0] >= 40
    with pytest.raises(InputError, match="neither"):
        audit(texts, y, judge="locally")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"judge": FunctionJudge(lambda t: t, ["bad", "fine"]), "judge_rows": 20}, "they must be the same"),
        ({"judge": FunctionJudge(lambda t: t, NAMES), "judge_rows": 3}, "judge_rows=3"),
        ({"judge": FunctionJudge(lambda t: [[2, -1]] * len(t), NAMES)}, "what judge"),
    ],
)
def test_bad_judges_are_told(options, message):
    texts, y, _, _ = noisy_texts(80)
    with pytest.raises(InputError, match=message):
        audit(texts, y, **options)


def test_a_judge_needs_items_and_one_label_each():
    _, y, _, table = noisy_texts(80)
    probs = np.where((y == "good")[:, None], [[0.3, 0.7]], [[0.7, 0.3]])
    with pytest.raises(InputError, match="a judge reads the items"):
        labels(y=y, probs=probs, judge=knows(table))
    tags = [["a"], ["b"], ["a", "b"], []] * 20
    with pytest.raises(InputError, match="one label per item"):
        audit([f"text {i} {t}" for i, t in enumerate(tags)], Marks.from_lists(tags), judge=knows(table))


def test_verdicts_keep_what_models_say_before_the_label_is_heard():
    rng = np.random.default_rng(0)
    probs = rng.dirichlet(np.ones(3), 300)
    told = Exact.from_codes(probs.argmax(axis=1), ["a", "b", "c"])
    found = weigh(told, probs, rng)
    heard = found.clean * found.noise_matrix[:, told.codes].T
    heard /= heard.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(1 - heard[np.arange(300), told.codes], found.p_wrong, atol=1e-8)


def test_the_command_keeps_answers_and_asks_nothing_twice(tmp_path, monkeypatch, capsys):
    import json

    from typer.testing import CliRunner

    from labelwright.audit import model_judge
    from labelwright.cli import app

    texts, y, _, table = noisy_texts(160)
    asked = []

    def scores(prompt, said):
        asked.append(prompt)
        text = next((t for t in table if f"{t}\n" in prompt or f'{t}"' in prompt), None)
        return 0.0 if text is None else 2.0 * (said == f" {NAMES[table[text]]}")

    model = Scripted({}, scores=scores, name="critic")
    monkeypatch.setattr(model_judge, "as_language_model", lambda name: model)
    path = tmp_path / "films.csv"
    path.write_text("text,label\n" + "\n".join(f"{t},{label}" for t, label in zip(texts, y)))
    command = ["audit", str(path), "--label", "label", "--judge", "local", "--judge-rows", "40", "--json"]
    counts = []
    for _ in range(2):
        out = CliRunner().invoke(app, [*command, "--out", str(tmp_path / "out")])
        assert out.exit_code == 0, out.output
        counts.append(len(asked))
    assert counts == [2 * 4 * (40 + 3)] * 2
    assert "critic" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    notes = json.loads(out.stdout)["notes"]
    assert any("30 most doubtful labels and 10 drawn blindly" in note for note in notes)
    assert (tmp_path / "out" / "judge-answers.db").is_file()
