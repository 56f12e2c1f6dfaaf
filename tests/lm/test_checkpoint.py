import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from arc.errors import ConfigError, DataError
from lm.checkpoint import changed, read_checkpoint, refuse_another, write_checkpoint

settings_of = st.dictionaries(st.sampled_from("abcd"), st.integers(0, 2))


def test_what_is_written_reads_back_and_nothing_is_left_beside_it(tmp_path):
    path = tmp_path / "checkpoint.pt"
    for number in (1, 2):
        write_checkpoint(path, {"tensor": torch.arange(number), "number": number})
        state = read_checkpoint(path)
        assert (state["number"], state["tensor"].tolist()) == (number, list(range(number)))
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("kept", [0, 1, 0.3, 0.9])
def test_a_checkpoint_cut_short_is_one_line(tmp_path, kept):
    path = tmp_path / "checkpoint.pt"
    write_checkpoint(path, {"tensor": torch.arange(100)})
    whole = path.read_bytes()
    path.write_bytes(whole[: kept if kept in (0, 1) else int(kept * len(whole))])
    with pytest.raises(DataError, match="no checkpoint can be read") as raised:
        read_checkpoint(path)
    assert "\n" not in str(raised.value)


def test_an_object_that_would_run_code_is_not_loaded(tmp_path):
    torch.save({"path": tmp_path}, tmp_path / "a.pt")
    with pytest.raises(DataError, match="no checkpoint can be read"):
        read_checkpoint(tmp_path / "a.pt")


@given(settings_of, settings_of, st.sets(st.sampled_from("abcd")))
def test_every_setting_that_changed_is_named_and_no_other(theirs, own, free):
    named = {text[0] for text in changed(theirs, own, free)}
    assert named == {n for n in own if n not in free and theirs.get(n) != own[n]}


def test_another_training_is_refused(tmp_path):
    refuse_another(tmp_path, [])
    with pytest.raises(ConfigError, match=r"seed was 0 and is 1; .*another --out"):
        refuse_another(tmp_path, changed({"seed": 0}, {"seed": 1}, set()))
