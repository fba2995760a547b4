"""Make the studio: a page that paints holes and fills them in the browser, as static files."""

from lacuna.studio.assembling import assemble


def run(task) -> None:
    output = task.out("folder")
    data = assemble(task.settings, output.parent, task.file("runtime"), output)
    print(f"{output}: {len(data['systems'])} graphs, {len(data['tests'])} test images {data['notice']}".rstrip())
