"""What every system costs, counted, beside the published counts."""

from lacuna.reporting.descriptions import Table
from lacuna.reporting.display import Cell, DisplayTable, is_missing, number, sentences
from lacuna.reporting.tables.latency import latency_table
from lacuna.reporting.titles import check_known, titles
from lacuna.sources import ELSEWHERE


def rows(run):
    """`cost_tables.complexity` of the systems that predict here."""
    from lacuna.reporting.cost_tables import complexity
    from lacuna.reporting.published import read_published

    published = read_published(run.files("published_counts")[0], "counts")
    return complexity(run.settings, run.files("costs"), run.files("training_records"), published)


def shown(run, _="") -> list[DisplayTable]:
    """Counts, then times; no table where all systems are folders of predictions."""
    counted = run.table("complexity")
    if not len(counted):
        return []
    return [complexity_table(counted, run.settings), latency_table(run.table("latency"), run.settings)]


def complexity_table(rows, settings: dict) -> DisplayTable:
    """The published layout (counts down, systems across) from a non-empty `complexity`, with what it leaves out."""
    check_known(rows["system"], titles(settings["systems"]), "system")
    once = rows.drop_duplicates("system")
    sizes = sorted(set(once[["width", "height"]].dropna().itertuples(index=False, name=None)))
    size = f"{int(sizes[0][0])}×{int(sizes[0][1])}" if len(sizes) == 1 else "the run's size"
    notes = once.loc[once["note"].notna(), ["title", "note"]].itertuples(index=False)
    published = " ".join(f"{row.title}: {row.note}" for row in notes)
    parameters, operations = "# of parameters (M)", "FLOPs (GMac)"
    groups = []
    if once["macs_published"].notna().any():
        groups.append(("Published, 256×256", [(parameters, _row(once["parameters_published"], 1e6))]))
        groups[-1][1].append((operations, _row(once["macs_published"], 1e9)))
    groups.append(
        (
            "Counted, authors' settings, 256×256",
            [
                (parameters, _row(once["parameters_authors"], 1e6)),
                (operations, _row(once["macs_256_authors"], 1e9)),
            ],
        )
    )
    groups.append(
        (
            "Counted, this run's settings",
            [
                (parameters, _row(once["parameters"], 1e6)),
                (f"FLOPs at {size} (GMac)", _row(once["macs_run_size"], 1e9)),
                ("FLOPs at 256×256 (GMac)", _row(once["macs_256"], 1e9)),
            ],
        )
    )
    for source, title in {**titles(settings["sources"]), ELSEWHERE: "elsewhere"}.items():
        here = rows[rows["source"] == source].set_index("system").reindex(once["system"])
        lines = [("Weights (MiB)", _row(here["weights_mb"], 1))]
        if source != ELSEWHERE:
            lines += [
                ("Training (s)", _row(here["training_seconds"], 1)),
                ("Training (images/s)", _row(here["training_images_per_second"], 1)),
                ("Training, peak memory (MiB)", _row(here["training_peak_memory_mb"], 1)),
            ]
        if here["weights_mb"].notna().any():
            groups.append((f"Trained {'' if source == ELSEWHERE else 'on '}{title}", lines))
    return DisplayTable(
        title="Complexity",
        caption=sentences(TABLE.text(), f"Published: a student's comparison, table 3. {published}" * bool(published)),
        head=("Source of the number", "Count", *once["title"]),
        groups=tuple((label, tuple(lines)) for label, lines in groups),
    )


def _row(values, unit: float) -> tuple[Cell, ...]:
    return tuple(Cell("–" if is_missing(value) else number(value / unit)) for value in values)


TABLE = Table(
    title="counts and training cost (tidy)",
    section="complexity",
    category="Cost",
    demonstration="Demonstration: this run's networks are smaller than the authors'.",
    caption="Of everything that predicts, without what only training uses; trainable parameters; multiply-accumulates "
    "(MACs) of one picture, counted operator by operator as PyTorch runs them: convolutions (transposed ones by "
    "their input; those inside partial, gated and dynamic ones too), products of matrices (attention too) and "
    "Fourier transforms (5/2 N log2 N operations for N real points); not biases, normalisation, activations, "
    "resizing and element-wise products. Pictures are enlarged to the next size that a network takes; a network "
    "of one fixed size resizes them and costs the same for all. A fitted network's MACs are those of one pass, of "
    "the many of a fit. Training: seconds of the work itself with its validations, images a second of the steps "
    "alone, and peak memory of the whole process (on a GPU: of its tensors).",
    columns={
        "parameters, macs_run_size": "of the run's own network, at height × width",
        "macs_256, parameters_authors, macs_256_authors": "the same at 256×256, and of the authors' network there",
        "parts": "parameters by the network's modules",
        "weights_mb, training_peak_memory_mb": "in MiB",
        "note": "why a published count differs",
    },
    inputs=("costs",),
    rows=rows,
    shown=shown,
    unfolded=2,
    formats=("csv", "html", "md", "tex"),
)
