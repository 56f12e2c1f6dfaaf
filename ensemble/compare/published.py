"""Published results on whole public splits, as reference rows. None of them was run here.

Only results over all tasks of a split, with two attempts, whose number stands in a paper or a
project's own documents. Models, hardware and what was trained on differ; a row says whose it is,
and is no measurement of ours.
"""

from __future__ import annotations

from dataclasses import dataclass

from arc.scoring import Convention

_TTT = "Akyurek et al., arXiv 2411.07279v1, table 1"
_TTT_URL = "https://arxiv.org/abs/2411.07279"
_BARC = "Li et al., arXiv 2411.02272v4, table 2"
_BARC_URL = "https://arxiv.org/abs/2411.02272"
_POE = "Franzen et al., arXiv 2505.07859"
_POE_URL = "https://arxiv.org/abs/2505.07859"
_A100 = "one A100"


@dataclass(frozen=True, slots=True)
class Published:
    """A result somebody else has published.

    Attributes:
        name: The method.
        percent: Its pass@2.
        convention: How it was counted, or `None` where the source leaves that open.
        model: The model and its size.
        hardware: What it ran on at test time; empty where that is not reported.
        source: Where the number stands.
        url: A link to that.
        seconds: Seconds a task on that hardware, where reported.
        usd: Dollars a task, where reported.
    """

    name: str
    percent: float
    convention: Convention | None
    model: str
    hardware: str
    source: str
    url: str
    seconds: float | None = None
    usd: float | None = None


ARC1_EVALUATION: tuple[Published, ...] = (
    Published(
        "product of experts, 8B", 71.6, "task share", "NeMo-Minitron 8B, 4 bits", "one RTX 4090",
        _POE, _POE_URL, 187.0, 0.02,
    ),
    Published(
        "product of experts, 3B", 61.4, "task share", "Llama-3.2 3B, 4 bits", "one RTX 4090",
        _POE, _POE_URL,
    ),
    Published(
        "test-time training with BARC's programs", 61.875, "task share",
        "Llama-3.1 8B, and 8B for programs", _A100, _TTT, _TTT_URL,
    ),
    Published(
        "BARC, ensemble", 56.75, "task share", "two of Llama-3.1 8B", "four A6000 for training",
        _BARC, _BARC_URL,
    ),
    Published(
        "BARC, transduction", 43.0, "task share", "Llama-3.1 8B", "four A6000 for training",
        _BARC, _BARC_URL,
    ),
    Published(
        "BARC, induction", 38.0, "task share", "Llama-3.1 8B, 20k programs a task", "",
        _BARC, _BARC_URL,
    ),
    Published(
        "VARC, one model", 54.5, None, "vision transformer, 18M", "", "arXiv 2511.14761",
        "https://arxiv.org/abs/2511.14761",
    ),
    Published(
        "test-time training", 47.125, "task share", "Llama-3 8B", _A100, _TTT, _TTT_URL, 432.0,
    ),
    Published(
        "TRM", 44.6, "task share", "7M, and 512 for each puzzle and augmentation",
        "four H100, about three days", "the project's README",
        "https://github.com/SamsungSAILMontreal/TinyRecursiveModels",
    ),
    Published(
        "CompressARC", 20.0, None, "76k parameters, no pre-training", "one RTX 4070",
        "arXiv 2512.06104", "https://arxiv.org/abs/2512.06104", 1239.0,
    ),
)  # fmt: skip


def published_on(dataset: str, split: str, n_tasks: int) -> tuple[Published, ...]:
    """Returns the results on exactly these tasks: a whole split, or nothing."""
    if (dataset, split, n_tasks) == ("arc1", "evaluation", 400):
        return ARC1_EVALUATION
    return ()
