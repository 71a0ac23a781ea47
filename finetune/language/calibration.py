"""How the verdict's two log-odds, the language model's and the head's, become one score and a band: fitted on `val` people of the pack who
taught them nothing, told on its `test` people."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from ...model.network.modeling import FacewiseForConditionalGeneration
from ...model.network.processing import FacewiseProcessor
from ...model.questions import DEFAULT_QUESTIONS
from ..lessons.batches import Lessons
from ..lessons.conversations import Conversation, Turn
from ..lessons.lesson import Lesson, Showing, prompt_ids
from ..lessons.pack_lessons import PackSeen
from ..measure import row, share

MISSED, ALARMED = 0.1, 0.01
FOLDS = 5
Odds = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]  # llm, head, spoof, experimental, subjects


def calibrated(
    model: FacewiseForConditionalGeneration,
    processor: FacewiseProcessor,
    seen: PackSeen,
    experimental_attacks: Sequence[str] = (),
    asks: bool = True,
) -> tuple[dict[str, float], list[dict[str, Any]]]:
    """The fitted numbers (config.calibration) and what they are worth, as rows like measure.py's. The half of `val` that teaches words teaches the head
    nothing, unless an epoch was chosen by it: where the words have no vote these people, too, settle the head's numbers. `asks`: whether the words may
    have one; asking them is nearly all of the time."""
    from sklearn.metrics import roc_auc_score

    pack = seen.pack
    live, subjects = pack.tensors["live"].numpy(), pack.tensors["subject"].numpy()
    experimental = pack.shows(experimental_attacks).numpy()
    half = pack.halves()[1]
    parts = {"val": half, "head": half if seen.encoder.config.chosen_on_val else pack.split("val"), "test": pack.split("test")}
    splits = {name: rows.numpy() for name, rows in parts.items()}
    photo = pack.tensors["photo"].numpy() == 1
    claimed = (live >= 0) & ~experimental
    of_photos = all(len(np.unique(live[chosen & photo & claimed])) == 2 for chosen in splits.values())
    judged = (live >= 0) & (photo if of_photos else True)  # drawn people stand in where there are no photos of both kinds
    people = "real" if of_photos else "drawn and real" if (judged & photo).any() else "drawn"

    def odds(rows: np.ndarray, asked: bool) -> Odds:
        places = np.flatnonzero(rows & judged)
        head = np.array([seen.evidence[place].spoof_logit for place in places])
        llm = verdict_log_odds(model, processor, seen, places) if asked else np.zeros_like(head)
        return llm, head, live[places], experimental[places], subjects[places]

    domain = f"simulated attacks, {people} live"
    llm, head, spoof, others, who = odds(splits["val"], asks)
    voting = asks and has_vote(llm[~others], head[~others], spoof[~others], who[~others])
    fitted = calibration(llm if voting else np.zeros_like(llm), head, spoof, others)
    if not fitted["llm"]:
        fitted = calibration(*odds(splits["head"], False)[:4])
    told = verdict_rows(fitted, *odds(splits["test"], bool(fitted["llm"])), domain)  # who has no vote is not asked
    if not asks:
        return fitted, told
    # Of people who taught nothing, too: no number fitted on them goes into it.
    alone = row("language model alone, AUC", f"{domain}, val", roc_auc_score, spoof[~others], llm[~others], who[~others], 0.5)
    return fitted, [*told, alone]


@torch.inference_mode()
def verdict_log_odds(
    model: FacewiseForConditionalGeneration, processor: FacewiseProcessor, seen: PackSeen, indices: np.ndarray, batch: int = 16
) -> np.ndarray:
    """The language model's own log-odds of spoof over live, as the hf engine reads them, for rows of the pack."""
    live, spoof = model.config.verdict_ids
    asked = Conversation((Turn(f"Face 1: {DEFAULT_QUESTIONS['spoof']}", ""),), ("image",))
    prompts = [prompt_ids(asked, [seen.shown(str(row)).words], processor) for row in indices]
    lessons = [
        Lesson(str(row), ids, torch.zeros(len(ids)), (Showing(seen, str(row)),))
        for row, ids in zip(indices, prompts, strict=True)
    ]
    batches = Lessons(lessons, processor.tokenizer.pad_token_id, processor.look)
    odds: list[float] = []
    for start in range(0, len(lessons), batch):
        inputs = batches.collate(lessons[start : start + batch])
        last = inputs["attention_mask"].sum(1) - 1
        del inputs["counts"]
        places, which = last.unique(return_inverse=True)
        here = {name: value.to(model.device) for name, value in inputs.items()}
        logits = model(**here, logits_to_keep=places.to(model.device)).logits
        found = logits[torch.arange(len(last)), which].float()
        odds += (found[:, spoof] - found[:, live]).tolist()
    return np.array(odds)


def has_vote(llm: np.ndarray, head: np.ndarray, spoof: np.ndarray, subjects: np.ndarray) -> bool:
    """Whether the language model tells more than the head alone, about people who are left out of the fit: the cross-entropy falls by more than a
    standard error over people. Who has no vote need not be asked, which is most of a verdict's cost."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold
    from sklearn.utils.class_weight import compute_sample_weight

    people, person = np.unique(subjects, return_inverse=True)
    folds = [] if len(people) < FOLDS else list(GroupKFold(FOLDS).split(head, spoof, subjects))
    if not folds or any(len(np.unique(spoof[taught])) < 2 for taught, _ in folds):
        return False  # too few to tell
    weights = compute_sample_weight("balanced", spoof)
    losses = []
    for odds in (np.stack([llm, head], 1), head[:, None]):
        loss = np.zeros(len(people))
        for taught, left in folds:
            told = LogisticRegression(C=0.1).fit(odds[taught], spoof[taught], weights[taught]).predict_log_proba(odds[left])
            np.add.at(loss, person[left], -weights[left] * told[np.arange(len(left)), spoof[left]])
        losses.append(loss)
    gained = losses[1] - losses[0]
    return bool(gained.mean() > gained.std() / len(people) ** 0.5)


def calibration(llm: np.ndarray, head: np.ndarray, spoof: np.ndarray, experimental: np.ndarray) -> dict[str, float]:
    """Weights of both log-odds (logistic, classes balanced, so the prior is .5) and the conformal band on the same split: at most `MISSED` of
    the attacks below `low`, at most `ALARMED` of live above `high`. Experimental attacks have a say in neither: what looks like
    make-up is mostly make-up, and a band that caught it would leave every face uncertain."""
    from sklearn.linear_model import LogisticRegression

    fit = LogisticRegression(class_weight="balanced", C=0.1)
    llm, head, spoof = llm[~experimental], head[~experimental], spoof[~experimental]
    fit.fit(np.stack([llm, head], 1), spoof)
    if fit.coef_[0, 0] < 0:  # a verdict that would count against itself does not count
        llm = np.zeros_like(llm)
        fit.fit(np.stack([llm, head], 1), spoof)
    weights = {"llm": float(fit.coef_[0, 0]), "head": float(fit.coef_[0, 1]), "bias": float(fit.intercept_[0])}
    scores = fit.predict_proba(np.stack([llm, head], 1))[:, 1]
    low, high = np.quantile(scores[spoof == 1], MISSED), np.quantile(scores[spoof == 0], 1 - ALARMED)
    if low > high:  # the classes are apart: one threshold between them
        low = high = (low + high) / 2
    return {**weights, "low": float(low), "high": float(high)}


def verdict_rows(
    fitted: dict,
    llm: np.ndarray,
    head: np.ndarray,
    spoof: np.ndarray,
    experimental: np.ndarray,
    subjects: np.ndarray,
    domain: str,
) -> list[dict]:
    """The joined score and the head's alone, then the shares that ISO 30107 asks for."""
    from sklearn.metrics import roc_auc_score

    score = 1 / (1 + np.exp(-(fitted["llm"] * llm + fitted["head"] * head + fitted["bias"])))
    claimed = ~experimental
    whole = np.ones_like(claimed)
    ranked = (
        ("score", score, claimed, True),
        ("score with experimental attacks", score, whole, experimental.any()),
        ("head alone", head, claimed, True),
    )
    rows = [
        row(f"{name}, AUC", domain, roc_auc_score, spoof[use], values[use], subjects[use], 0.5)
        for name, values, use, told in ranked
        if told
    ]
    called = np.where(score > fitted["high"], 1, np.where(score < fitted["low"], 0, -1))
    attack, live = claimed & (spoof == 1), spoof == 0
    shares = (
        ("attacks called live", attack, 0),
        ("attacks uncertain", attack, -1),
        ("experimental attacks called live", experimental & (spoof == 1), 0),
        ("live called spoof", live, 1),
        ("live uncertain", live, -1),
    )
    return rows + [share(name, domain, called[use] == verdict) for name, use, verdict in shares if use.any()]
