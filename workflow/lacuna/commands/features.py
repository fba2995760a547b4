"""Inception features of predictions or of true images, for the metrics of whole sets.

For each of the settings' test sets one --list, one --output and, but for the truth, one --predictions (an index.csv).
"""

from lacuna.arguments import json_settings, positive


def add_arguments(parser) -> None:
    parser.add_argument(
        "--settings", type=json_settings, required=True, help="JSON: test_sets, and source and system of predictions"
    )
    parser.add_argument("--list", required=True, nargs="+", help="text file of image<TAB>mask lines; one a test set")
    parser.add_argument("--predictions", nargs="+", help="index.csv of the predictions; not needed for truth")
    parser.add_argument(
        "--prediction", nargs="+", required=True, choices=["raw", "composite", "truth"], help="what to take features of"
    )
    parser.add_argument("--backbones", default="results/backbones", help="folder of pretrained networks")
    parser.add_argument("--gpus", type=int, default=0, help="0: the CPU; 1: a GPU if there is one (default: 0)")
    parser.add_argument("--threads", type=positive, default=2, help="of the CPU (default: 2)")
    parser.add_argument("--output", required=True, nargs="+", help="file to write: .safetensors; one a test set")


def run(args) -> None:
    from lacuna.data.lists import read_list
    from lacuna.errors import LacunaError
    from lacuna.metrics.features import Features, extract, images_digest, photograph_numbers, write_features
    from lacuna.metrics.test_sets import each_test_set
    from lacuna.metrics.triples import paired_files
    from lacuna.nn.devices import choose_device, make_deterministic

    given = {"list": args.list, "output": args.output}
    if args.predictions:
        given["predictions"] = args.predictions
    elif args.prediction != ["truth"]:
        raise LacunaError(f"--prediction {args.prediction[0]} needs --predictions, the index.csv of the predictions.")
    make_deterministic(args.threads)
    device = choose_device(args.gpus)
    for settings, pairs, output, *predictions in each_test_set(args.settings, **given):
        if predictions:
            files = paired_files(pairs, *predictions)
        else:
            files = [(*pair, "") for pair in read_list(pairs, validate=False)]
        of = extract(files, args.prediction, args.backbones, device)
        write_features(output, Features(of, settings, images_digest(files), photograph_numbers(files)))
        print(f"features of {len(files)} images ({', '.join(of)}; {device}), into {output}", flush=True)
