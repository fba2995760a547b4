"""Write a trained network as a TorchScript file, for contestants of kind `torchscript` that name it."""

from lacuna.export.script import export_script


def run(task) -> None:
    export_script(task.settings, task.file("weights"), task.threads, task.out("script"))
    print(f"wrote the network of {task.settings['system']} as {task.out('script')}")
