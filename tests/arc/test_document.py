import json
import os
import stat

import pytest

from arc.document import json_path, read_json, write_json
from arc.errors import DataError


def test_a_written_document_reads_back(tmp_path):
    write_json(tmp_path / "deep" / "a.json", {"a": [1, None]})
    assert read_json(tmp_path / "deep" / "a.json") == {"a": [1, None]}


def test_writing_leaves_nothing_but_the_file(tmp_path):
    write_json(tmp_path / "a.json", 1)
    write_json(tmp_path / "a.json", 2)
    assert os.listdir(tmp_path) == ["a.json"]
    assert stat.S_IMODE((tmp_path / "a.json").stat().st_mode) == 0o644


def test_a_failed_write_keeps_the_old_file(tmp_path):
    write_json(tmp_path / "a.json", 1)
    with pytest.raises(TypeError):
        write_json(tmp_path / "a.json", object())
    assert json.loads((tmp_path / "a.json").read_text()) == 1
    assert os.listdir(tmp_path) == ["a.json"]


def test_a_path_that_cannot_be_written_is_a_one_line_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be written"):
        write_json(tmp_path / "file" / "a.json", 1)


def test_json_paths_name_keys_and_places():
    assert json_path("train", 0, "input") == "$.train[0].input"
    assert json_path() == "$"
