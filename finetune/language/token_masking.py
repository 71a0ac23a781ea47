"""PVTM, prompt-guided vision token masking (FaceShield, arXiv 2505.09415): in training, face tokens that the question does not ask for get lost.

A lost token is masked from attention and not taken out: lengths and positions stay those that the model meets when it is asked, where nothing
is lost.
"""

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity


def question_mask(is_face_BT: Tensor, counts_BT: Tensor, attention_BT: Tensor) -> Tensor:
    """[B, T] bool: the words between a row's last face token before its first answer and that answer; without faces, all before the answer."""
    places = torch.arange(is_face_BT.shape[1], device=is_face_BT.device)
    answer_B = torch.where(counts_BT > 0, places, len(places)).amin(1, keepdim=True)
    before = (places < answer_B) & attention_BT.bool()
    last_face_B = torch.where(is_face_BT & before, places, -1).amax(1, keepdim=True)
    return before & (places > last_face_B)


def kept_attention(
    embeds_BTD: Tensor, is_face_BT: Tensor, question_BT: Tensor, attention_BT: Tensor, keep: float, drop: float
) -> Tensor:
    """The attention mask [B, T] without the face tokens that are lost.

    s_i = cos(v_i, P), v_i a projected face token, P the mean embedding of the question's words. Per row the ceil(keep * n) tokens with the largest
    s stay (softmax over s, as the paper ranks, has the same order); each other one is lost with probability `drop`, by torch's own generator.
    """
    share = question_BT / question_BT.sum(1, keepdim=True).clamp(min=1)
    prompt_BD = torch.einsum("bt,btd->bd", share.to(embeds_BTD.dtype), embeds_BTD)
    similar_BT = cosine_similarity(embeds_BTD, prompt_BD[:, None], dim=-1).masked_fill(~is_face_BT, -torch.inf)
    rank_BT = similar_BT.argsort(1, descending=True).argsort(1)
    most_B = torch.ceil(keep * is_face_BT.sum(1, keepdim=True))
    lost_BT = is_face_BT & (rank_BT >= most_B) & (torch.rand(rank_BT.shape, device=rank_BT.device) < drop)
    return attention_BT * ~lost_BT
