"""Score a folder of predictions against the ground truth, one row per image, region and metric."""

import json


def add_arguments(parser) -> None:
    parser.add_argument("--settings", required=True, help="JSON: system, source, test_set, metrics")
    parser.add_argument("--list", required=True, help="text file of image<TAB>mask lines")
    parser.add_argument("--predictions", required=True, help="index.csv of the predictions")
    parser.add_argument("--backbones", required=True, help="folder of pretrained networks, for LPIPS")
    parser.add_argument("--output", required=True, help="Parquet file to write")


def run(args) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from lacuna.files import atomic
    from lacuna.metrics.scoring import COLUMNS, score_rows

    rows = list(score_rows(json.loads(args.settings), args.list, args.predictions, args.backbones))
    numbers = {"coverage", "value"}
    schema = pa.schema([(name, pa.float64() if name in numbers else pa.string()) for name in COLUMNS])
    with atomic(args.output) as partial:
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), partial, compression="zstd")
    print(f"scored {len({row['image'] for row in rows})} images, {len(rows)} rows, into {args.output}")
