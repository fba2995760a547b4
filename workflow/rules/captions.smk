# Tables and figures in Snakemake's report, from their descriptions.
from lacuna.reporting.captions import caption_file
from lacuna.reporting.descriptions import described, figures


def captioned(path, description, value="", **labels):
    """An output that Snakemake's report shows, with the caption of its description."""
    return report(
        path,
        category=description.category,
        subcategory=description.subcategory,
        labels=labels,
        caption=caption_file(PLAN, description, value),
    )


def in_report(kind, job):
    """The outputs of a job that makes tables (`tables`) or figures (`figures`), by name."""
    found = {}
    for name, paths in job.outputs.items():
        description, shown = described(kind)[name], []
        values = iter([value for value in job.settings["made"][name] for _ in description.files(value)])
        for path in map(PLAN.asked, paths):
            value, ending = next(values), Path(path).suffix
            words = ": ".join(filter(None, (description.title, value)))
            label = {kind.removesuffix("s"): words if ending in (".csv", ".png") else f"{words} ({ending[1:]})"}
            is_seen = ending in description.shown_endings
            shown.append(captioned(path, description, value, **label) if is_seen else path)
        found[name] = shown
    return found


def each_captioned(paths, description):
    """The outputs of a rule that makes a figure once for each of its values."""
    values = description.values(PLAN)
    return [
        captioned(path, description, value, figure=f"{description.title}: {value}")
        for path, value in zip(paths, values, strict=True)
    ]
