"""What the plan makes of contestants from outside: jobs, digests, resources, refusals."""

import pytest

from lacuna.errors import LacunaError
from lacuna.plan import Plan
from tests.tiny import TINY

PROGRAM = {"kind": "command", "command": ["sh", "fill.sh", "{image}", "{mask}", "{prediction}"]}


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photographs").mkdir()
    (tmp_path / "photographs/a.png").write_bytes(b"picture")
    (tmp_path / "fill.sh").write_text("one")
    (tmp_path / "net.pt").write_text("one")
    return tmp_path


def plan(here, **systems) -> Plan:
    return Plan({**TINY, "systems": {"telea": None, **systems}, "export": True}, here / "cache")


def test_what_pins_a_contestant_is_in_its_digest(here):
    def digest(entry) -> str:
        return plan(here, theirs=entry).predict_outside("theirs", "elsewhere", "mine").digest

    folder = here / "pipeline"
    folder.mkdir()
    (folder / "model_index.json").write_text("{}")
    (here / "weights.bin").write_text("one")
    (here / "env.yaml").write_text("one")
    cases = {
        "fill.sh": PROGRAM,
        "weights.bin": {**PROGRAM, "files": ["weights.bin"]},
        "env.yaml": {**PROGRAM, "conda": "env.yaml"},
        "net.pt": {"kind": "torchscript", "path": "net.pt"},
        "pipeline/model_index.json": {"kind": "diffusers", "path": "pipeline"},
    }
    for file, entry in cases.items():
        before = digest(entry)
        assert digest(dict(entry)) == before
        (here / file).write_text("another")
        assert digest(entry) != before, file
    assert digest({**PROGRAM, "title": "Another title"}) == digest(PROGRAM)
    assert digest({**PROGRAM, "outputs": "{stem}_x.png"}) != digest(PROGRAM)


def test_its_own_kind_s_code_counts_and_no_other(here):
    code = plan(here, theirs=PROGRAM).predict_outside("theirs", "elsewhere", "mine").code
    assert {"lacuna.contestants.command", "lacuna.contestants._program"} <= code.keys()
    assert not {"lacuna.contestants.onnx", "lacuna.contestants._worker", "lacuna.systems.telea"} & code.keys()
    code = plan(here, theirs={"kind": "onnx", "path": "net.pt"}).predict_outside("theirs", "elsewhere", "mine").code
    assert {"lacuna.contestants._worker", "lacuna.contestants._shut", "lacuna.inpainting.interfaces"} <= code.keys()


def test_it_stands_among_the_others(here):
    one = plan(here, theirs={**PROGRAM, "gpu": True, "time_limit": 7200})
    assert one.contestants() == [("telea", "untrained"), ("theirs", "elsewhere")]
    job = one.predicted("theirs", "elsewhere", "mine")
    assert (
        job.stage == "predict_outside"
        and one.score("theirs", "elsewhere").inputs["predictions"] == job.outputs["index"]
    )
    asked = one.resources_of(job)
    assert asked.gpu == 1 and asked.runtime == 130
    assert job.outputs["record"][0] in one.table("costs").inputs["outside_records"]
    assert "contestants" in one.table("costs").settings["made"]
    assert "contestants" not in plan(here).table("costs").settings["made"]
    assert one._without_export()[-1][:2] == ["theirs", "elsewhere"] and not one.has_studio()
    assert "measure" not in {each.stage for each in one.jobs() if each.key.get("system") == "theirs"}


def test_a_network_that_the_run_itself_writes(here):
    deep = {"deepfillv2": TINY["systems"]["deepfillv2"]}
    graph = {"kind": "onnx", "exported": "deepfillv2/scenes"}
    one = plan(here, **deep, graph=graph, script={**graph, "kind": "torchscript"})
    after = [one.predict_outside(name, "elsewhere", "mine").upstream for name in ("graph", "script")]
    assert [[job.name for job in jobs] for jobs in after] == [
        ["pair (mine)", "export (deepfillv2, scenes)"],
        ["pair (mine)", "script (deepfillv2, scenes)"],
    ]
    for wrong in ("deepfillv2/elsewhere", "telea/untrained", "graph/elsewhere"):
        with pytest.raises(LacunaError, match="which this run does not write; give one of deepfillv2/scenes"):
            plan(here, **deep, graph={**graph, "exported": wrong})


def test_a_graph_is_in_the_studio_and_a_program_is_not(here):
    config = {**TINY, "studio": True}
    config["systems"] = {"theirs": {"kind": "onnx", "path": "net.pt"}, "program": PROGRAM}
    one = Plan(config, here / "cache")
    assert one.has_studio() and one.studio().settings["exports"] == [["theirs", "elsewhere"]]
    assert {job.stage for job in one.studio().upstream} >= {"wrap_outside"} and one.exports() == []
    config["systems"] = {"program": PROGRAM}
    assert not Plan(config, here / "cache").has_studio()


def test_what_is_not_there_is_said_before_anything_runs(here):
    for entry in ({"kind": "onnx", "path": "gone.onnx"}, {**PROGRAM, "files": ["gone.onnx"]}):
        with pytest.raises(LacunaError, match="systems.theirs names gone.onnx, which does not exist; correct it"):
            plan(here, theirs=entry)


def test_it_cannot_be_adapted(here):
    config = {**TINY, "systems": {"telea": None, "theirs": PROGRAM}}
    config["adaptation"] = {"experiments": ["baseline"], "systems": ["theirs"]}
    with pytest.raises(LacunaError, match="'theirs', a contestant from outside, which cannot learn here; leave it out"):
        Plan(config, here / "cache")


def test_a_word_of_a_command_may_stand_twice(here):
    words = ["sh", "fill.sh", "-v", "-v", "", "{image}", "{mask}", "{prediction}"]
    assert (
        plan(here, theirs={**PROGRAM, "command": words})
        .predict_outside("theirs", "elsewhere", "mine")
        .settings["entry"]["command"]
        == words
    )
