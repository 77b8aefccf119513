"""Names people give to columns, by what the column is for."""

import re
import unicodedata


def plain(name: str) -> str:
    """Strip a column name of case, accents, spaces and punctuation.

    Examples
    --------
    >>> plain("Étiquette"), plain("Completed_by"), plain("Class Name")
    ('etiquette', 'completedby', 'classname')
    """
    letters = unicodedata.normalize("NFKD", name.casefold())
    return re.sub(r"[\W_]+", "", "".join(c for c in letters if not unicodedata.combining(c)))


def _words(*names: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(plain(name) for name in names))


# In order of trust: a column called "label" wins over one called "type". Singular and plural are one.
LABEL = _words(
    "label", "class", "target", "category", "sentiment", "intent",
    "y", "tag", "topic", "emotion", "polarity", "labelname",
    "classname", "labeltext", "truth", "goldlabel", "gold",
    "annotation", "answer", "choice", "said", "vote", "rating",
    "type", "outcome", "verdict", "diagnosis", "grade", "etiqueta", "clase", "categoria", "sentimiento",
    "etiquette", "classe", "categorie", "sentiment", "etikett",  # codespell:ignore classe,categorie
    "klasse", "kategorie", "zielvariable", "kategoria", "etykieta",
    "etichetta", "rotulo", "etiket", "sinif", "kategori", "метка",
    "класс", "категория", "мітка", "клас", "категорія", "标签", "类别",
    "分类", "標籤", "類別", "ラベル", "クラス", "カテゴリ", "라벨", "레이블", "분류",
    "تصنيف", "فئة", "תווית", "लेबल", "श्रेणी", "nhan",
)  # fmt: skip
SOURCE = _words(
    "annotator", "annotatorid", "worker", "workerid", "completedby", "rater", "raterid",
    "source", "coder", "judge", "labeler", "labeller", "annotatedby", "labeledby", "user",
    "userid", "username", "who", "model", "anotador", "annotateur", "annotatore", "bewerter",
)  # fmt: skip
ITEM = _words(
    "item", "itemid", "task", "taskid", "id", "textid", "docid", "documentid", "exampleid",
    "sampleid", "sentenceid", "imageid", "questionid", "question", "unitid", "uid",
)  # fmt: skip
IDS = (
    *ITEM, "uuid", "guid", "index", "row", "rowid", "rownumber", "key", "hash", "md5", "sha256",
    "indexlevel0", "unnamed0", "annotationid", "leadtime", "createdat", "updatedat",
)  # fmt: skip
IMAGE = (
    "image",
    "img",
    "path",
    "file",
    "filename",
    "filepath",
    "imagepath",
    "picture",
    "photo",
    "bild",
    "imagen",
    "foto",  # codespell:ignore foto
)


def rank(name: str, words: tuple[str, ...]) -> float:
    """How well a column name fits: 0 is best, infinity not at all.

    A whole name beats a part of one: ``label`` beats ``star_label``.

    Examples
    --------
    >>> rank("Labels", LABEL), rank("star_label", LABEL) > 100, rank("price", LABEL)
    (0, True, inf)
    """
    whole = plain(name)
    for i, word in enumerate(words):
        if whole in (word, word + "s", word.removesuffix("y") + "ies"):
            return i
    parts = {plain(part) for part in re.split(r"[\W_]+|(?<=[a-z])(?=[A-Z])", name) if part}
    for i, word in enumerate(words):
        if len(word) > 2 and (word in parts or word + "s" in parts):
            return 1000 + i
    return float("inf")
