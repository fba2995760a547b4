"""Scores of whole sets of predictions: one row per prediction and metric."""

from collections.abc import Iterator, Sequence

from lacuna.errors import LacunaError
from lacuna.metrics.features import Features, key
from lacuna.metrics.per_set import set_metric_by_name

COLUMNS = ["source", "test_set", "system", "prediction", "metric", "value", "standard_error", "n", "flag"]
NUMBERS = ("value", "standard_error", "n")


def set_rows(settings: dict, features: Features, reference: Features) -> Iterator[dict]:
    """Rows with `COLUMNS` for every kind of prediction in `features`.

    `settings`: `{system, source, test_set, metrics: [names]}`, and maybe `columns`, further ones of all rows;
    `reference` holds the features of `truth`. Both must be of the same images and masks in the same order; another
    order, or too few images, is a `LacunaError`. A value that N is too small for is given with the flag `small-n`; a
    metric without a standard error has None there.
    """
    metrics = [set_metric_by_name(name) for name in settings["metrics"]]
    if features.images != reference.images:
        raise LacunaError(
            f"the features of {features.names} and the reference {reference.names} are not of the same images and "
            "masks in the same order; extract both from one list"
        )
    refuse_too_few(settings["metrics"], len(reference.photographs), settings["test_set"])
    for prediction in dict.fromkeys(name.rpartition("/")[2] for name in features.of):
        for metric in metrics:
            values = _of(features, key(metric.network, prediction))
            value, error = metric.measure(values, _of(reference, key(metric.network, "truth")), features.photographs)
            yield {
                **{key: settings[key] for key in ("source", "test_set", "system")},
                **settings.get("columns", {}),
                "prediction": prediction,
                "metric": metric.name,
                "value": value,
                "standard_error": error,
                "n": len(values),
                "flag": metric.flag(len(values)),
            }


def refuse_too_few(names: Sequence[str], images: int, test_set: str) -> None:
    """A `LacunaError` where one of the metrics needs more images than there are: asked before features are made."""
    for metric in map(set_metric_by_name, names):
        if images < metric.needs:
            raise LacunaError(
                f"{metric.title} needs at least {metric.needs} images, but test set {test_set} has {images}; enlarge "
                f"it or drop '{metric.name}' from the set metrics"
            )


def _of(features: Features, name: str):
    if name not in features.of:
        raise LacunaError(
            f"the file of {features.names} holds features of {', '.join(sorted(features.of))}, not of {name}; "
            "extract those"
        )
    return features.of[name]
