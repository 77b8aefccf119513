"""Text messages, 73 rules that tell spam from ham, and the truth."""

import json

import numpy as np

from labelwright.data.dataset import Card, Dataset
from labelwright.data.fetch import Mirror, read
from labelwright.data.sets._crowds import same
from labelwright.data.sets._tables import npz, parquet
from labelwright.evidence import Votes

SOURCE = Mirror(
    "ws-sms-spam",
    {
        "texts.parquet": "822815c2e92623f29fb785bcff0d9577e3198005ef8b3680b49f93dc39047b75",
        "votes.npz": "efc5996f28f2ff4d5765042da7ab8c0621c5937f38275610fc1573e2765a5b77",
        "rules.json": "e4eb4bd6abb08b31c2dcbcf4701a50f006d0fd03a2f6392d6acc46af41639e6b",
    },
)

CARD = Card(
    name="ws-sms-spam",
    title="SMS spam with 73 rules",
    what="5,575 text messages in lower case and 73 regular expressions that people wrote, each from one message "
    "and each for one class. Two in five messages are matched by some rule.",
    kind="texts",
    n=5_575,
    k=2,
    error_rate=466 / 5_575,
    size_mb=0.2,
    licence="CC BY 4.0 (messages); Apache-2.0 (rules)",
    shippable=True,
    origin="awasthiabhijeet/Learning-From-Rules@217c2d3b0cdaec1b22bc498c4cd17c5262b3fd13",
    made="Given label: what a filter of these rules would say, spam where more rules say spam than ham, else "
    "ham, also where no rule matches. Truth: the published label. The evidence that matters is "
    "extra['evidence'].",
    sha256=SOURCE.files,
    cite="Almeida, T., Hidalgo, J. and Yamakami, A. (2011). Contributions to the study of SMS spam filtering. "
    "DocEng. Awasthi, A. et al. (2020). Learning from rules generalizing labeled exemplars. ICLR.",
    note="The 73 messages of the split 'exemplar' are those that the rules were written from: leave them out "
    "when you measure rules. 418 messages repeat an earlier one; equal messages share a group.",
)


def load() -> Dataset:
    """Messages with the rules' verdict as given label.

    Returns
    -------
    Dataset
        With `extra`: ``evidence``, `Votes` of the 73 rules, by name ("spam-1" says spam); ``rules``, a list of
        mappings with ``name``, ``label``, ``regex`` and ``exemplar``; ``split`` (n,), train, valid, test or
        exemplar.
    """
    files = read(SOURCE)
    table = parquet(files["texts.parquet"])
    about = json.loads(files["rules.json"])
    classes = about["labels"]
    rules = [
        {"name": f"{classes[rule['label']]}-{j}", **rule, "label": classes[rule["label"]]}
        for j, rule in enumerate(about["rules"])
    ]
    votes = npz(files["votes.npz"])["votes"]
    spam = (votes == 1).sum(axis=1) > (votes == 0).sum(axis=1)
    texts = table["text"].to_pylist()
    return Dataset(
        items=texts,
        labels=np.array(classes)[spam.astype(int)],
        truth=np.array(classes)[table["label"].to_numpy()],
        classes=list(classes),
        card=CARD,
        groups=same(texts),
        extra={
            "evidence": Votes(votes, classes, [rule["name"] for rule in rules]),
            "rules": rules,
            "split": np.array(table["split"].to_pylist()),
        },
    )
