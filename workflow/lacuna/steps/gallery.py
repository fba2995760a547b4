"""Write the gallery: a page to look through every test image, and the data it shows."""

from lacuna.files import atomic
from lacuna.reporting.gallery import gallery_data, gallery_page


def run(task) -> None:
    page = task.out("page")
    data = gallery_data(task.settings, page.parents[1], page.parent)
    # the data first: a page is never there without them
    for path, text in ((task.out("data"), data), (page, gallery_page(task.settings, data))):
        with atomic(path) as partial:
            partial.write_text(text, encoding="utf-8")
        print(f"wrote {path}, {len(text.encode()) / 2**10:.0f} KiB")
