"""Open a fitted estimator that somebody saved, without running anything that the file holds."""

from pathlib import Path
from typing import Any

from labelwright.errors import InputError, need
from labelwright.files.kinds import refuse_pickle
from labelwright.files.limits import Limits
from labelwright.files.source import check_zip, find


def read_model(path: str | Path, *, limits: Limits | None = None) -> Any:
    """Open a classifier saved by skops; pickles, and types that skops does not know to be safe, are refused.

    Parameters
    ----------
    path : str or Path
        What ``skops.io.dump(model, path)`` wrote.
    limits : Limits, optional

    Returns
    -------
    fitted classifier with `predict_proba` and `classes_`

    Raises
    ------
    InputError
        When the file is no such model, or holds anything else than scikit-learn, NumPy and SciPy.
    MissingPackage
        When skops is not installed.
    """
    source = find(path, limits=limits or Limits())
    refuse_pickle(source.path, source.head(8))
    saved = f"save the fitted model with skops.io.dump(model, {source.path.name!r})"
    if not source.head(4).startswith(b"PK"):
        raise InputError(f"{source.path} is no model saved by skops; {saved}")
    if "schema.json" not in check_zip(source.path, limits=source.limits):
        raise InputError(f"{source.path} is a zip archive, but no model saved by skops; {saved}")
    skops = need("skops.io", extra="models", purpose="Opening a saved model")
    try:
        strange = skops.get_untrusted_types(file=source.path)
        model = None if strange else skops.load(source.path, trusted=[])
    except InputError:
        raise
    except Exception as problem:  # a broken archive raises whatever its reader stumbles on
        raise InputError(
            f"{source.path} is no intact model saved by skops ({str(problem)[:150]}); {saved}"
        ) from problem
    if strange:
        shown = ", ".join(map(str, strange[:3])) + (", ..." if len(strange) > 3 else "")
        raise InputError(
            f"{source.path} holds types that are not known to be safe ({shown}); only models made of scikit-learn "
            "parts are opened, so save the probabilities of another model as columns instead"
        )
    if not hasattr(model, "predict_proba") or not hasattr(model, "classes_"):
        raise InputError(
            f"{source.path} holds {type(model).__name__}, which is no fitted classifier with probabilities; wrap it "
            "in CalibratedClassifierCV, fit and save that"
        )
    return model
