"""Regions against the words of what they do: the local, contrastive half of MF2 (arXiv 2504.10351), on FRGCA's guided patches.

A region's token is the mean of the tight crop's guided patches, weighted by the region mask; its text is the mean of the language model's own
word embeddings of the units that move it, or of `AT_REST`. A small projection between them is thrown away after training.
"""

from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor, nn
from torch.nn.functional import normalize

from ...model.errors import FacewiseError
from ...model.network.encoder import EncoderOutput, FaceEncoder
from ...model.network.regions import guiding_mask
from ...model.taxonomy import ACTION_UNITS, AU_CODES, REGIONS
from .losses import presence
from .order_losses import masked_mean

# Where a unit shows itself in the 68 points, by the appearance changes of the FACS manual (Ekman, Friesen and Hager 2002).
BROW, EYE = ("AU1", "AU2", "AU4"), ("AU5", "AU6", "AU7", "AU43")
REGION_UNITS = {
    "jaw": ("AU17", "AU26", "AU27"),
    "right brow": BROW,
    "left brow": BROW,
    "nose bridge": ("AU4", "AU9"),
    "nostrils": ("AU9", "AU10"),
    "right eye": EYE,
    "left eye": EYE,
    "outer lips": ("AU10", "AU12", "AU14", "AU15", "AU16", "AU17", "AU18", "AU20", "AU22", "AU24"),
    "inner lips": ("AU22", "AU24", "AU25", "AU26", "AU27", "AU28"),
}
AT_REST = "at rest"
TEMPERATURE = 0.07  # CLIP's first
EMBEDDING = "embed_tokens.weight"


class RegionText(nn.Module):
    """`words` [23, D]: frozen embeddings of the 22 units and of AT_REST (`unit_words`)."""

    words: Tensor
    members: Tensor

    def __init__(self, width: int, words: Tensor):
        super().__init__()
        # Word embeddings lie in a narrow cone: without their mean cosines tell them apart (Mu and Viswanath 2018).
        self.register_buffer("words", words - words.mean(0), persistent=False)
        members = [[code in REGION_UNITS[region] for code in AU_CODES] for region in REGIONS]
        self.register_buffer("members", torch.tensor(members), persistent=False)
        self.projection = nn.Linear(width, words.shape[1], bias=False)

    def forward(self, tokens_BRD: Tensor, labels: dict[str, Tensor]) -> Tensor:
        """The contrast of a batch; 0 where no two faces are known to differ in a region."""
        acting, known = self.acting(labels["au"].float(), labels["shown"])
        return contrast(tokens_BRD, self.texts(acting), acting, known)

    def tokens(self, encoder: FaceEncoder, output: EncoderOutput, points: Tensor, pose: Tensor, has_landmarks: Tensor) -> Tensor:
        """[B, 9, D]: of the regions, in the space of the words."""
        view = encoder.config.views.index("rgb")
        grid, tau = encoder.config.grid, encoder.guidance.log_tau.detach()
        mask = guiding_mask(points[:, view, None], pose, has_landmarks, grid, tau)[:, 0]
        return self.projection(region_tokens(output.guided[:, view].float(), mask))

    def acting(self, levels_BAs: Tensor, shown_BA: Tensor) -> tuple[Tensor, Tensor]:
        """[B, 9, 22] whether a unit of the region is active, on the person's own side of it, and [B, 9] whether that is known of all of them."""
        either, both = levels_BAs.amax(-1), zip(*(presence(levels_BAs[..., side], shown_BA) for side in (0, 1)), strict=True)
        whole, whole_known = presence(either, shown_BA)
        (left, right), (left_known, right_known) = both
        sides = {"left": (left, left_known), "right": (right, right_known)}
        chosen = [sides.get(region.split()[0], (whole, whole_known)) for region in REGIONS]
        active, known = (torch.stack(part, dim=1) for part in zip(*chosen, strict=True))
        return active & self.members, (known | ~self.members).all(-1)

    def texts(self, acting_BRA: Tensor) -> Tensor:
        """[B, 9, D]: the mean of the words of what acts."""
        rest = ~acting_BRA.any(-1, keepdim=True)
        share = torch.cat([acting_BRA, rest], dim=-1).float()
        return share @ self.words / share.sum(-1, keepdim=True)


def region_tokens(guided_BNC: Tensor, mask_BN9: Tensor) -> Tensor:
    """[B, 9, C]: means of patches, weighted by exp(mask) over the patches of each region."""
    return mask_BN9.softmax(dim=1).mT @ guided_BNC


def contrast(tokens_BRD: Tensor, texts_BRD: Tensor, acting_BRA: Tensor, known_BR: Tensor) -> Tensor:
    """InfoNCE (van den Oord 2018) from tokens to texts and back, as CLIP has it, region by region over the batch; cosines over TEMPERATURE.

    Faces that do the same in a region are no negatives of each other, since their texts are the same one. A face without a negative
    teaches nothing.
    """
    cosines = torch.einsum("ird,jrd->rij", normalize(tokens_BRD, dim=-1), normalize(texts_BRD, dim=-1)) / TEMPERATURE
    differ = (acting_BRA[:, None] != acting_BRA[None]).any(-1).permute(2, 0, 1)  # [9, B, B]
    known_RB = known_BR.T
    negative = differ & known_RB[:, :, None] & known_RB[:, None, :]
    own = torch.eye(len(tokens_BRD), dtype=torch.bool, device=tokens_BRD.device)
    losses = [
        torch.logsumexp(logits.masked_fill(~(negative | own), -torch.inf), dim=-1) - logits.diagonal(dim1=1, dim2=2)
        for logits in (cosines, cosines.mT)
    ]
    return masked_mean(sum(losses) / 2, negative.any(-1))


def unit_words(folder: Path, encode) -> Tensor:
    """[23, D]: for each unit, then for AT_REST, the mean of its words' rows in the token table of the language model in `folder`; `encode`
    is its tokenizer's. Raises FacewiseError where the folder has no such table."""
    phrases: Sequence[str] = [*(unit.words for unit in ACTION_UNITS), AT_REST]
    table = _token_table(folder)
    return torch.stack([table[encode(f" {phrase}", add_special_tokens=False)].float().mean(0) for phrase in phrases])


def _token_table(folder: Path) -> Tensor:
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, "pt") as file:
            for name in file.keys():  # noqa: SIM118 (no mapping)
                if name.endswith(EMBEDDING):
                    return file.get_tensor(name)
    raise FacewiseError(
        f"{folder}: no weights named *{EMBEDDING}, whose rows the region words are; set encoder_weights: contrast=0"
    )
