from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arc.errors import ConfigError
from ensemble.run.assembly import check_settings
from ensemble.settings import dump_settings, load_settings, settings_from, shipped_configs


@pytest.mark.parametrize("name", shipped_configs())
def test_every_shipped_configuration_loads_and_survives_writing(name, tmp_path):
    settings = load_settings(name)
    if settings.writer.kind in ("causal", "vllm"):  # whose checkpoint the user has to name
        settings = load_settings(name, ["writer.settings.model=FOLDER"])
    check_settings(settings, "ensemble")
    (tmp_path / "again.toml").write_text(dump_settings(settings))
    assert load_settings(str(tmp_path / "again.toml")) == settings


def test_the_default_is_shipped():
    assert "default" in shipped_configs()


def test_an_override_changes_one_setting():
    settings = load_settings("default", ["effort.seed=7", "merge.policy=induction-first"])
    assert (settings.effort.seed, settings.merge.policy) == (7, "induction-first")
    assert settings.induction == load_settings("default").induction


def test_models_beside_are_of_the_configurations_own_kind():
    assert load_settings("default").model.beside
    assert load_settings("default", ["model.kind=embedded"]).model.beside
    assert not load_settings("default", ["model.kind=causal"]).model.beside
    given = load_settings("default", ["model.beside=[{rank=8}]", "model.kind='causal'"])
    assert given.model.beside == ({"rank": 8},)


def test_how_the_shipped_writer_is_asked_is_not_how_another_is():
    plain = load_settings("no_training").sampling
    assert load_settings("default").sampling != plain
    assert load_settings("default", ["writer.kind=causal"]).sampling == plain
    given = load_settings("default", ["writer.kind=causal", "sampling.batch=4"]).sampling
    assert given == replace(plain, batch=4)
    own = load_settings("programs").sampling
    assert own == load_settings("default").sampling
    assert load_settings("programs", ["writer.kind=vllm"]).sampling == own


def test_all_mistakes_are_told_at_once():
    table = {"effort": {"seeds": 1, "induction_s": "long"}, "marge": {}}
    with pytest.raises(ConfigError) as caught:
        settings_from(table, "x.toml")
    message = str(caught.value)
    assert message.startswith("x.toml: ")
    for part in ("effort.seeds", "did you mean seed", "induction_s: float expected", "marge"):
        assert part in message


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("effort.seed", "key=value expected"),
        ("=1", "key=value expected"),
        ("effort.seed=x", "int expected"),
        ("effort.seed=true", "int expected"),
        ("effort.seed.x=1", "not a table"),
        ("merge.policy=best", "one of induction-first, interleave"),
        ("effort=3", "a table expected"),
        ("sandbox.cpu_s=-1", "sandbox"),
        ("induction.steps=5", "a list of int expected"),
        ("induction.steps=[]", "induction: steps must be one or more"),
    ],
)
def test_a_wrong_override_is_a_one_line_error(override, message):
    with pytest.raises(ConfigError, match=message) as caught:
        load_settings("default", [override])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("transduction.colouring=2", "did you mean colorings"),
        ("transduction.vote=loud", "one of product_of_experts, hierarchical, flat"),
        ("model.settings.token=1", "did you mean tokens"),
        ("model.kind=gpt", "embedded, causal"),
    ],
)
def test_settings_of_solvers_are_checked_before_a_run(override, message):
    with pytest.raises(ConfigError, match=message):
        check_settings(load_settings("default", [override]), "transduction")


def test_unknown_configurations_name_the_nearest():
    with pytest.raises(ConfigError, match="did you mean default"):
        load_settings("defualt")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_settings("nowhere/x.toml")


def test_what_is_not_toml_is_said_so(tmp_path):
    (tmp_path / "x.toml").write_text("a = ")
    with pytest.raises(ConfigError, match="not TOML"):
        load_settings(str(tmp_path / "x.toml"))


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(),
                    lambda inner: st.dictionaries(st.text(), inner, max_size=3) | st.lists(inner),
                    max_leaves=8))  # fmt: skip
@settings(max_examples=40)
def test_any_table_is_settings_or_a_one_line_error(table):
    message = "x.toml: "
    try:
        settings_from({"effort": table}, "x.toml")
    except ConfigError as error:
        message = str(error)
    assert message.startswith("x.toml: ")
