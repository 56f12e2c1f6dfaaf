"""Programs written by a model that vLLM serves, against the same model in `transformers`."""

import pytest
from tiny import byte_tokenizer, tiny_llama

from arc.errors import ConfigError, MissingExtraError
from arc.grid import Grid
from arc.task import Pair
from lm.causal.writer import CausalWriter, WriterConfig
from lm.programs.shipped import shipped_writer
from lm.protocol import Prompt
from lm.vllm.engine import import_vllm
from lm.vllm.writer import VllmWriter
from lm.writing import Draft, Writing

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
RED, BLUE = Grid.of([[2, 0]]), Grid.of([[1, 0]])
DRAFTS = [Draft(Prompt(RED, (Pair(RED, BLUE),) * n)) for n in (1, 3)]


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    try:
        import_vllm()
    except MissingExtraError as error:
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("tiny")
    tokenizer = byte_tokenizer()
    # Heads as narrow as the engine takes them.
    tiny_llama(len(tokenizer), hidden_size=128, intermediate_size=128).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return WriterConfig(model=str(folder), device="cpu", dtype="float32", max_context=2048)


@pytest.fixture(scope="module")
def served(config):
    return VllmWriter.load(config)


def test_the_likeliest_replies_are_those_of_transformers(config, served):
    greedy = Writing(temperature=0.0, max_tokens=12)
    assert served.write(DRAFTS, greedy) == CausalWriter.load(config).write(DRAFTS, greedy)


def test_a_seed_gives_the_same_replies_and_equal_drafts_different_ones(served):
    writing = Writing(max_tokens=12, seed=3)
    replies = served.write(DRAFTS * 2, writing)
    assert replies == served.write(DRAFTS * 2, writing)
    assert len(set(replies)) == 4


def test_a_draft_that_does_not_fit_gets_no_reply(served):
    assert served.write(DRAFTS, Writing(max_tokens=2040)) == ["", ""]


def test_what_the_engine_cannot_serve_is_one_line():
    with pytest.raises(ConfigError, match="gguf_file"):
        VllmWriter.load(WriterConfig(model="x", gguf_file="y.gguf"))


def test_the_shipped_model_of_programs_is_served_as_transformers_runs_it():
    try:
        import_vllm()
    except MissingExtraError as error:
        pytest.skip(str(error))
    config = WriterConfig(**shipped_writer() | {"dtype": "float32"})
    greedy = Writing(temperature=0.0, max_tokens=48)
    served = VllmWriter.load(config)
    replies = served.write(DRAFTS, greedy)
    assert replies == CausalWriter.load(config).write(DRAFTS, greedy)
    assert all("def transform(input_grid):" in reply for reply in replies)
    assert len(set(served.write(DRAFTS[:1] * 8, Writing(max_tokens=48, temperature=1.0)))) > 1
