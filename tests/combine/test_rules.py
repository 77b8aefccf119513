"""Rules one by one: what they say, where they abstain, and what they refuse."""

import re
import unicodedata

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from labelwright.combine.applier import apply
from labelwright.combine.forest import forest_rules
from labelwright.combine.keywords import AT_ONCE, keywords, patterns
from labelwright.combine.prompted import prompted
from labelwright.combine.rules import Rule, annotator, from_model, rule, stump
from labelwright.errors import DoubtfulInput, InputError


def test_a_function_becomes_a_rule_with_or_without_options():
    @rule
    def shouting(text):
        """Of capitals."""
        return "spam" if text.isupper() else None

    @rule(name="links", column="body", classes=["spam"])
    def anything(text):
        return "spam" if "http" in text else None

    assert (shouting.name, anything.name, anything.classes) == ("shouting", "links", ("spam",))
    assert (shouting("WIN"), shouting("win")) == ("spam", None)
    assert (anything({"body": "http"}), anything({"body": ""}), anything({"body": None})) == (
        "spam",
        None,
        None,
    )
    assert rule(lambda x: np.str_("a"), name="r")("t") == "a"
    assert rule(lambda x: float("nan"), name="r")("t") is None
    with pytest.raises(InputError, match="not int"):
        rule(3)
    with pytest.raises(InputError, match="on_error='ignore'"):
        rule(len, on_error="ignore")
    with pytest.raises(ZeroDivisionError):
        rule(lambda x: 1 / 0, name="r")("t")


WORDS = ["free", "you won", "C++", "Straße", ":)", "naïve", "हिन्दी"]


@pytest.mark.parametrize(
    ("text", "whole", "inside"),
    [
        ("free", True, True),
        ("FREE!", True, True),
        ("(free)", True, True),
        ("freedom", False, True),
        ("un_free", False, True),
        ("éfree", False, True),  # a letter, though no ASCII one
        ("free-range", True, True),
        ("you won", True, True),
        ("You\n  won.", True, True),
        ("you\u00a0won", True, True),
        ("you wonder", False, True),
        ("in C++, say", True, True),
        ("C++11", True, True),  # what follows a sign ends no word
        ("xC++", False, True),
        ("straße", True, True),
        ("STRAßEN", False, True),
        ("hm:)x", True, True),
        (unicodedata.normalize("NFD", "so naïve"), True, True),
        ("हिन्दी में", True, True),
        ("", False, False),
        ("nothing", False, False),
        (None, False, False),
    ],
)
def test_keywords_are_found_as_words_or_anywhere(text, whole, inside):
    for option, found in ((True, whole), (False, inside)):
        assert (keywords("yes", WORDS, whole_words=option)(text) == "yes") == found, option


def test_keywords_are_what_plain_loops_find():
    rng = np.random.default_rng(0)
    letters = list("abAB é_1-. ")
    texts = ["".join(rng.choice(letters, 12)) for _ in range(600)]
    words = ["a", "ab", "b1", "é", "a b", "_a", "1"]
    for whole in (True, False):
        for ignore in (True, False):
            made = keywords("x", words, whole_words=whole, ignore_case=ignore)
            found = [votes >= 0 for votes in apply([made], texts).wide()[:, 0]]
            flags = re.IGNORECASE if ignore else 0
            spaced = [re.escape(w).replace(r"\ ", r"\s+") for w in words]
            edge = (r"(?<!\w)", r"(?!\w)") if whole else ("", "")
            plain = [any(re.search(edge[0] + w + edge[1], t, flags) for w in spaced) for t in texts]
            assert found == plain
            assert 0 < sum(found) < len(texts)


def test_long_lists_of_words_are_searched_piece_by_piece():
    words = [f"word{i}" for i in range(2 * AT_ONCE + 5)]
    long = keywords("x", words)
    assert [long(w) for w in ("word0", f"see word{AT_ONCE}", words[-1], "word", "word99999")] == ["x"] * 3 + [
        None
    ] * 2
    assert len(long.name) <= 60


def test_patterns_are_those_of_python_and_of_the_linear_engine():
    texts = ["see http://x", "WWW.", "a1", "é", None, ""]
    for linear in (False, True):
        made = patterns("link", [r"https?://", r"\bwww\."], ignore_case=True, linear=linear)
        assert [made(t) for t in texts] == ["link", "link", None, None, None, None]
    assert patterns("x", [re.compile("A", re.IGNORECASE)])("a") == "x"
    assert patterns("x", [r"^\w$"])("é") == "x"
    assert patterns("x", [r"^\w$"], linear=True)("é") is None
    assert patterns("x", [r"(a)\1"])("aa") == "x"
    assert patterns("x", ["a|b", "c"], linear=True)("c") == "x"


@pytest.mark.parametrize(
    "regex", [r"(\w+\s?)*$", r"(a+)+b", r"(a|b+)*", r"(a*)*", r"(?:(x+))+y", r"(.*,)*x", r"(?=(a+)+b)"]
)
def test_expressions_that_explode_draw_a_warning(regex):
    with pytest.warns(DoubtfulInput, match=r"regexes\[0\]=.* linear=True"):
        patterns("x", [regex])


@pytest.mark.parametrize(
    "regex", [r"https?://\S+", r"(?:\d+,)+", r"a+b*c{2,}", r"(ab)+", r"(?:a|b)*", r"(\d{1,3}\.){3}"]
)
def test_ordinary_expressions_draw_none(regex):
    assert patterns("x", [regex]).classes == ("x",)


def test_an_exploding_expression_is_harmless_on_the_linear_engine():
    slow = "a" * 5000 + "!"
    assert patterns("x", [r"^(a+)+$"], linear=True)(slow) is None


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: keywords("x", "free"), r"words is one text \('free'\); give a list"),
        (lambda: keywords("x", []), "words are empty"),
        (lambda: keywords("x", ["a", " "]), r"words\[1\] is empty"),
        (lambda: keywords("x", ["a", 3]), r"words\[1\] is 3, expected text"),
        (lambda: patterns("x", "a"), "regexes is one expression"),
        (lambda: patterns("x", []), "regexes are empty"),
        (lambda: patterns("x", ["ok", "("]), r"regexes\[1\]='\(' is no regular expression: missing"),
        (lambda: patterns("x", [r"(a)\1"], linear=True), r"nothing for the linear engine"),
        (lambda: patterns("x", [re.compile("a")], linear=True), "as text"),
        (lambda: stump("x", "a"), "needs a limit"),
        (lambda: stump("x", "a", above=2, below=1), "no number is above 2 and below 1"),
        (lambda: stump("x", "a", above=float("nan")), "no number is above nan"),
        (lambda: from_model(LinearSVC()), "LinearSVC gives no probabilities; wrap it"),
        (lambda: from_model(LogisticRegression()), "LogisticRegression is not fitted"),
        (lambda: from_model(LogisticRegression().fit([[0], [1]], [0, 1]), threshold=80), "threshold=80"),
        (lambda: prompted(str, "no item", ["a"]), "shows no item"),
        (lambda: prompted(str, "{item}", []), "classes are empty"),
        (lambda: prompted("gpt", "{item}", ["a"]), "complete='gpt' is not a function"),
        (lambda: prompted(str, "{item}", ["a", "A"]), "differ in case"),
    ],
)
def test_rules_that_cannot_be_made_say_why(make, says):
    with pytest.raises(InputError, match=says):
        make()


def test_stumps_have_limits_that_do_not_count():
    between = stump("mid", above=1, below=2)
    assert [between(x) for x in (1.0, 1.5, 2.0, float("nan"), None)] == [None, "mid", None, None, None]
    assert stump("low", 1, below=0)(np.array([5.0, -1.0])) == "low"
    assert stump("low", "x", below=0).name == "x < 0: low"


def test_a_model_votes_where_it_is_sure():
    X, y = load_iris(return_X_y=True)
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    model = LogisticRegression(max_iter=1000).fit(X, names)
    probs = model.predict_proba(X)
    votes = apply([from_model(model, threshold=0.9)], X)
    told = votes.wide()[:, 0]
    np.testing.assert_array_equal(told >= 0, probs.max(axis=1) >= 0.9)
    np.testing.assert_array_equal(votes.classes[told[told >= 0]], model.predict(X)[told >= 0])
    assert votes.sources.tolist() == ["LogisticRegression"]
    assert from_model(model)(X[0]) == "setosa"
    text = make_pipeline(CountVectorizer(), MultinomialNB()).fit(
        ["win free"] * 9 + ["dear ann"] * 9, [1] * 9 + [0] * 9
    )
    assert apply([from_model(text, column="t")], [{"t": "win"}, {"t": None}, {"t": "dear"}]).wide().tolist() == [
        [1], [-1], [0],
    ]  # fmt: skip


def test_a_model_that_gives_a_table_of_another_shape_is_named():
    class Odd:
        classes_ = np.array([0, 1])

        def predict_proba(self, X):
            return np.zeros((1, 1))

    with pytest.raises(
        InputError, match=r"rule 'Odd' fails on rows 0 to 1: its probabilities have shape \(1, 1\)"
    ):
        apply([from_model(Odd())], np.zeros((128, 1)))


def test_annotators_are_columns_with_gaps():
    rows = [{"ann": "a", "bob": 1.0}, {"ann": None, "bob": float("nan")}, {"ann": "b", "bob": 2.0}]
    votes = apply([annotator("ann")], rows)
    assert votes.wide().tolist() == [[0], [-1], [1]]
    assert apply([annotator("bob", name="Robert")], rows).classes.tolist() == [1, 2]
    with pytest.raises(InputError, match="rule 'ann' says 'b' on row 2, which is not among its classes"):
        apply([annotator("ann", classes=["a"])], rows)


def test_a_language_model_is_asked_once_an_item_and_read_strictly():
    asked = []

    def scripted(prompt):
        asked.append(prompt)
        return {"a": "Spam.", "b": "\n label: HAM\nbecause", "c": "not spam", "d": "", "e": "**ham**"}[
            prompt[-1]
        ]

    ask = prompted(scripted, "Is this spam or ham? {item}", ["spam", "ham"])
    assert apply([ask], ["a", "b", "c", None, "d", "e"]).wide()[:, 0].tolist() == [1, 0, -1, -1, -1, 0]
    assert len(asked) == 5
    rows = prompted(lambda p: "yes" if p == "x: {y}" else "no", "{title}: {body}", ["yes", "no"], name="m")
    assert rows({"title": "x", "body": "{y}", "item": 3}) == "yes"
    free = prompted(lambda p: "I say 3", lambda item: item * 2, [3], read=lambda answer: int(answer[-1]))
    assert free("x") == 3


def test_rules_out_of_a_forest_apply_where_their_conditions_hold():
    data = load_breast_cancer(as_frame=True)
    X, y = data.data, data.target.map({0: "bad", 1: "good"}).to_numpy()
    made = forest_rules(X, y, 8, max_depth=2)
    votes = apply(made, X)
    assert 2 <= len(made) <= 8
    for rule_, told in zip(made, votes.wide().T):
        conditions = rule_.name.rpartition(": ")[0].split(" and ")
        assert 1 <= len(conditions) <= 2
        holds = np.ones(len(X), dtype=bool)
        for condition in conditions:
            column, sign, limit = re.fullmatch(r"(.+) (<=|>) (\S+)", condition).groups()
            x, limit = X[column].to_numpy(), float(limit)
            holds &= (x <= limit) if sign == "<=" else (x > limit)
        assert ((told >= 0) == holds).mean() > 0.99  # names round the limits
        assert len(set(told[told >= 0])) == 1
    columns = votes.wide().T >= 0
    assert len(np.unique(columns, axis=0)) == len(made)
    # The same rules for an array without names, row by row, and missing numbers abstain.
    plain = forest_rules(X.to_numpy(), y, 8, max_depth=2)
    np.testing.assert_array_equal(apply(plain, X.to_numpy()).wide(), votes.wide())
    row = X.to_numpy()[int(np.flatnonzero(columns[0])[0])]
    assert plain[0](row) is not None
    assert plain[0](np.full_like(row, np.nan)) is None


def test_forest_rules_are_better_than_chance_and_need_two_classes():
    X, y = load_breast_cancer(return_X_y=True)
    right = [np.mean(y[told >= 0] == told[told >= 0]) for told in apply(forest_rules(X, y, 20), X).wide().T]
    assert np.median(right) > 0.75
    with pytest.raises(InputError, match="fewer than two classes"):
        forest_rules(X, np.zeros(len(X), dtype=int))
    with pytest.raises(InputError, match="must match"):
        forest_rules(X[:5], y)
    with pytest.raises(InputError, match="no table of numbers"):
        forest_rules([["a"], ["b"]], [0, 1])
    with pytest.raises(InputError, match="n_rules=0"):
        forest_rules(X, y, 0)


def test_a_rule_is_what_it_is_made_of():
    made = keywords("spam", ["win"], column="text", name="prize")
    assert isinstance(made, Rule)
    assert (made.name, made.classes, made.column) == ("prize", ("spam",), "text")
    with pytest.raises(AttributeError):
        made.name = "other"
