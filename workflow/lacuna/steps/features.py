"""Features of predictions (or, without any, of the true images), for the metrics of whole sets."""

from lacuna.data.lists import read_list, read_truths
from lacuna.metrics.features import Features, extract, images_digest, photograph_numbers, write_features
from lacuna.metrics.triples import paired_files, with_truths
from lacuna.nn.devices import choose_device, make_deterministic


def run(task) -> None:
    given = {"pairs": task.files("pairs"), "features": task.outs("features")}
    if task.files("predictions"):
        given["predictions"] = task.files("predictions")
    kinds = ["composite", "raw"] if task.files("predictions") else ["truth"]
    make_deterministic(task.threads)
    device = choose_device(task.gpus)
    for settings, pairs, output, *predictions in task.each_test_set(**given):
        if predictions:
            files = paired_files(pairs, *predictions)
        else:
            files = with_truths([(*pair, "") for pair in read_list(pairs, validate=False)], read_truths(pairs))
        networks = {name: settings.pop(name) for name in ("inception", "embeddings")}
        of = extract(files, kinds, task.backbones(), device, **networks)
        write_features(output, Features(of, settings, images_digest(files), photograph_numbers(files)))
        print(f"features of {len(files)} images ({', '.join(of)}; {device}), into {output}", flush=True)
