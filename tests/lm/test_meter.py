"""What models count, against what they were asked and what they replied."""

import random

import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny_causal import CONFIG, PROMPTS, TASK, tiny_base, tiny_vocabulary

from arc.grid import Grid
from lm.causal.backend import CausalLanguageModel
from lm.causal.format import Format
from lm.causal.template import load_template
from lm.embedded.backend import EmbeddedLanguageModel
from lm.embedded.config import EmbeddedConfig
from lm.embedded.encoding import N_HEADER
from lm.embedded.model import Architecture, EmbeddedModel
from lm.meter import NO_TOKENS, Usage, count, metered
from lm.protocol import Example, Prompt

amounts = st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)))


@given(amounts, amounts)
def test_a_meter_adds_up_what_is_counted_while_it_runs_alone(outer, inner):
    count(read=1)  # heard by nobody
    with metered() as first:
        for read, written in outer:
            count(read=read, written=written)
        with metered() as second:
            for read, written in inner:
                count(read=read, written=written)
        count(written=1)
    count(read=1)
    assert second.usage == sum((Usage(*amount) for amount in inner), NO_TOKENS)
    assert first.usage == sum((Usage(*amount) for amount in outer), Usage(0, 1))


def usage_of(act):
    with metered() as meter:
        made = act()
    return meter.usage, made


def test_the_embedded_model_counts_inputs_and_slots():
    torch.manual_seed(0)
    tiny = Architecture(width=16, layers=1, heads=1, hidden=16)
    config = EmbeddedConfig(tokens=300, min_updates=2, max_length=60)
    model = EmbeddedLanguageModel(EmbeddedModel(tiny), torch.zeros(1, tiny.width), config)
    inputs = [Grid.of([[1, 2], [3, 4]]), Grid.of([[5]]), Grid.of([[0, 0, 7]])]
    prompts = [Prompt(grid) for grid in inputs]
    n_input = sum(len(grid.cells) for grid in inputs)

    used, found = usage_of(lambda: model.generate(prompts))
    sizes = [len(c.grid.cells) for c in found if c.grid is not None]
    assert used.read >= n_input
    assert used.written == N_HEADER * len(prompts) + sum(sizes)

    scored, _ = usage_of(lambda: model.score(prompts, inputs))
    assert scored == Usage(2 * n_input + N_HEADER * len(prompts), 0)

    examples = [Example(prompt, grid) for prompt, grid in zip(prompts, inputs, strict=True)]
    trained, _ = usage_of(lambda: model.adapt(examples, random.Random(0), 60, train=True))
    assert trained.read >= 300
    assert trained.written == 0


def test_a_causal_model_counts_prompts_replies_and_examples():
    model = CausalLanguageModel(tiny_base(), tiny_vocabulary(), CONFIG)
    form = Format(load_template(CONFIG.template), tiny_vocabulary())
    n_prompts = sum(len(form.tokens_of_prompt(prompt)) for prompt in PROMPTS)

    used, found = usage_of(lambda: model.generate(PROMPTS))
    written = [len(form.reply_tokens(c.grid)) for c in found if c.grid is not None]
    assert used.read == n_prompts
    assert used.written >= sum(written) > 0

    outputs = [pair.output for pair in TASK.pairs]
    scored, _ = usage_of(lambda: model.score(PROMPTS, outputs))
    assert scored == Usage(n_prompts + sum(len(form.reply_tokens(g)) for g in outputs), 0)

    examples = [Example(p, g) for p, g in zip(PROMPTS, outputs, strict=True)]
    trained, _ = usage_of(lambda: model.adapt(examples, random.Random(0), 60, train=True))
    assert trained == Usage(CONFIG.epochs * scored.read, 0)
