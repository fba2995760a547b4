"""No state of a training is lost: what does not fit is set aside and comes back; longer trainings go on."""

import errno
import json

import pytest
import torch

from lacuna import systems
from lacuna.errors import LacunaError
from lacuna.files import naming, read_rows
from lacuna.training import identity, state
from lacuna.training.logs import Table
from lacuna.training.sidecar import set_aside
from tests.training.doubles import AOTGAN, DECLARED, at_step, contents, stopped_at

pytestmark = pytest.mark.slow

B = {"learning_rate": 0.0003}


def forget_outputs(folder):
    """As Snakemake does before it runs a job again."""
    for name in (*DECLARED, "training_state.safetensors", "record.json"):
        (folder / name).unlink(missing_ok=True)


def test_other_settings_and_back_goes_on(job, monkeypatch, capsys, tmp_path):
    straight = {"a": contents(job("a", iterations=6)), "b": contents(job("b", B, iterations=6))}
    stopped_at(monkeypatch, 3, job, "c", iterations=6)
    capsys.readouterr()
    stopped_at(monkeypatch, 2, job, "c", B, iterations=6)
    said = capsys.readouterr().out
    assert "the state of step 3 does not fit (settings.learning_rate was 0.0001 and is 0.0003)" in said
    folder = tmp_path / "c" / "state" / "aside"
    assert f"it is set aside in {folder}/1-" in said and "goes on from it: lacuna train --settings " in said
    (aside,) = set_aside(tmp_path / "c")
    assert aside.step == 3 and aside.differs == ("settings.learning_rate was 0.0001 and is 0.0003",)
    given = json.loads(aside.command.split("'")[1])
    assert "learning_rate" not in given["settings"] and given["training"]["iterations"] == 6
    assert f"--output {tmp_path}/c/weights.safetensors" in aside.command

    assert contents(job("c", iterations=6)) == straight["a"]
    assert "going on from step 3 " in capsys.readouterr().out
    assert [each.step for each in set_aside(tmp_path / "c")] == [2]
    forget_outputs(tmp_path / "c")
    assert contents(job("c", B, iterations=6)) == straight["b"]
    assert "going on from step 2 " in capsys.readouterr().out


def test_edited_code_sets_aside_and_names_the_module(job, monkeypatch, capsys, tmp_path):
    original = identity.code_digests
    stopped_at(monkeypatch, 3, job, "a", iterations=4)
    with monkeypatch.context() as patch:
        edited = lambda roots: original(roots) | {"lacuna.systems.aotgan": "edited"}  # noqa: E731
        patch.setattr(identity, "code_digests", edited)
        job("a", iterations=4)
    said = capsys.readouterr().out
    assert "does not fit (the code of lacuna.systems.aotgan changed); it is set aside in " in said
    assert "(after undoing this: the code of lacuna.systems.aotgan changed)" in said
    assert [each.step for each in set_aside(tmp_path / "a")] == [3]


def test_a_changed_list_and_a_changed_picture_are_another_training(job, monkeypatch, tmp_path):
    listed = tmp_path / "train" / "list.txt"
    (listed.parent / "index.csv").write_text("file,sha256\n")
    stopped_at(monkeypatch, 3, job, "a", iterations=4)
    listed.write_text("".join(listed.read_text().splitlines(keepends=True)[1:]))
    (listed.parent / "index.csv").write_text("file,sha256\n0.png,1\n")
    job("a", iterations=4)
    (aside,) = set_aside(tmp_path / "a")
    assert aside.differs == ("the training list has other lines", f"{listed.parent}/index.csv lists other files")


def test_the_newest_three_are_kept(job, monkeypatch, capsys, tmp_path):
    for number in range(5):
        stopped_at(monkeypatch, 1 + number, job, "a", {"learning_rate": 0.001 * (1 + number)}, iterations=9)
    assert [each.step for each in set_aside(tmp_path / "a")] == [2, 3, 4]
    assert capsys.readouterr().out.count("the newest 3 states set aside are kept") == 1


@pytest.mark.parametrize(("first", "then"), [(5, 9), (8, 13)])
def test_more_iterations_go_on_from_a_finished_training(job, capsys, first, then):
    """Also where an interval of the logs is cut off by the first end, and where it ends with one of them."""
    straight = contents(job("straight", iterations=then))
    folder = job("a", iterations=first)
    forget_outputs(folder)
    capsys.readouterr()
    assert contents(job("a", iterations=then)) == straight
    assert f"going on from step {first} " in capsys.readouterr().out
    assert [each.step for each in set_aside(folder)] == [first]


def test_fewer_iterations_do_not_go_on_from_beyond_their_end(job, capsys):
    straight = contents(job("straight", iterations=4))
    job("a", iterations=7)
    assert contents(job("a", iterations=4)) == straight
    assert "does not fit (training.iterations was 7 and is 4)" in capsys.readouterr().out


def test_where_rates_fall_a_longer_training_goes_on_from_the_last_common_step(job, capsys):
    straight = contents(job("straight", iterations=20, decay_from=0.5))
    folder = job("a", iterations=10, decay_from=0.5)
    forget_outputs(folder)
    capsys.readouterr()
    assert contents(job("a", iterations=20, decay_from=0.5)) == straight
    assert "going on from step 5 " in capsys.readouterr().out


def test_a_state_within_the_falling_rates_is_of_its_own_length_alone(job, monkeypatch, capsys):
    straight = contents(job("straight", iterations=20, decay_from=0.5))
    stopped_at(monkeypatch, 8, job, "a", iterations=10, decay_from=0.5)
    assert contents(job("a", iterations=20, decay_from=0.5)) == straight
    said = capsys.readouterr().out
    assert "the state of step 8 does not fit (training.iterations was 10 and is 20)" in said
    assert "going on from step 5 " in said


@pytest.mark.parametrize("iterations", [5, 8])
def test_a_finished_training_run_again_trains_nothing(job, monkeypatch, iterations):
    """Also where its last step was validated before the end, so that nothing would draw the samples again."""
    folder = job("a", iterations=iterations)
    before = contents(folder)
    forget_outputs(folder)
    monkeypatch.setattr(AOTGAN, "training_step", None)
    assert contents(job("a", iterations=iterations)) == before


def test_the_extendable_state_takes_no_room_of_its_own(job):
    folder = job("a", iterations=2)
    assert (folder / "state" / "extendable.safetensors").samefile(folder / "training_state.safetensors")


def test_a_second_training_in_the_folder_is_refused(job, monkeypatch, tmp_path):
    original = AOTGAN.training_step
    refusals = []

    def training_step(self, *args):
        if not refusals:
            with pytest.raises(LacunaError) as refused:
                job("a", iterations=4)
            refusals.append(str(refused.value))
        return original(self, *args)

    monkeypatch.setattr(AOTGAN, "training_step", training_step)
    job("a", iterations=4)
    assert f"is training in {tmp_path / 'a'}; wait until it ends, or stop it" in refusals[0]
    assert refusals[0].startswith("process ")
    assert [row["step"] for row in read_rows(tmp_path / "a" / "validation.csv")] == ["0", "4"]


def test_tables_deleted_under_a_running_training_are_whole_at_its_end(job, monkeypatch, tmp_path):
    """As by a second Snakemake, whose own training was refused."""
    straight = contents(job("straight", iterations=9))

    def delete(losses):
        forget_outputs(tmp_path / "a")
        return losses

    at_step(monkeypatch, 5, delete)
    assert contents(job("a", iterations=9)) == straight


@pytest.mark.parametrize(("write", "kept"), [(1, "no state is kept yet"), (2, "the state of step 4 is kept in")])
def test_a_full_disk_says_what_is_kept_and_the_training_goes_on(job, monkeypatch, tmp_path, capsys, write, kept):
    straight, original, writes = contents(job("straight", iterations=9)), state.save, []

    def save(*args):
        writes.append(None)
        if len(writes) == write:
            raise OSError(errno.ENOSPC, "No space left on device")
        return original(*args)

    with monkeypatch.context() as patch:
        patch.setattr(state, "save", save)
        with pytest.raises(LacunaError, match=rf"no space is left on the disk .* for .*/state/slot_\d.*; .*{kept}"):
            job("a", iterations=9)
    assert not (tmp_path / "a" / "weights.safetensors").exists()
    assert contents(job("a", iterations=9)) == straight


def test_a_full_disk_for_a_row_says_its_file(job, monkeypatch, tmp_path):
    def append(self, row):
        with naming(self.path):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Table, "append", append)
    with pytest.raises(LacunaError, match="for .*validation.csv; free some .*; no state is kept yet"):
        job("a", iterations=2)


TRAINED = [name for name in systems.names() if systems.system_class(name).facts.kind == "deep"]


@pytest.mark.parametrize("name", TRAINED)
def test_up_to_free_until_a_schedule_does_not_look_at_the_budget(name):
    """Rates, modes and gradients at a step are the same at every share below it, and the property is not too small."""
    kind = systems.system_class(name)
    system = systems.create(name, **kind.small)

    def after(share):
        optimizers = system.optimizers()
        for module in system.modules().values():
            module.train()
        system.before_step(7, share, optimizers)
        rates = [group["lr"] for each in optimizers.values() for group in each.param_groups]
        layers = [layer.training for module in system.modules().values() for layer in module.modules()]
        learns = [each.requires_grad for module in system.modules().values() for each in module.parameters()]
        return rates, layers, learns

    limit = system.free_until
    assert 0 <= limit <= 1
    assert all(after(share * limit) == after(0.0) for share in (0.25, 0.5, 0.75, 0.999))
    if limit < 1:
        assert after(limit) != after(0.0)
    torch.manual_seed(0)
