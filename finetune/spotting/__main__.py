"""Trains what tells when a face expresses something, from the curves of drawn clips, and says what it is worth in clips that it never saw.

    python -m facewise.finetune.spotting --rig ict_facekit.npz --clips runs/films [--out spotter.safetensors]

Clips of expressions and clips of what is taken for some are drawn where the folder lacks them, an hour on two cores; movements of the rig, as they are
measured, and talk are added to them at random while it trains, a quarter of an hour more. All numbers are simulated.
"""

import multiprocessing
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from ...data_builders.clips.films import Film, films
from ...data_builders.synthesis.production import quiet_worker
from ...model.errors import ArgumentParser, FacewiseError, exit_code
from ...model.perception.spotter import WEIGHTS, Found, Spotter
from .adding import PEOPLE, Adding
from .network import SpotterNet, tensors
from .takes import Take
from .training import FOLDS, member
from .worth import calibration, least, worth

MOVING, DISTRACTED = 200, 100  # clips of either kind
STEPS = 1500
LEAST = 0.05  # what is looked at while the least probability is chosen


def main(argv: list[str] | None = None) -> int:
    parser = ArgumentParser(prog="python -m facewise.finetune.spotting", description=__doc__.partition("\n")[0])
    parser.add_argument("--rig", type=Path, required=True, help="ICT-FaceKit's light model as one .npz")
    parser.add_argument(
        "--clips", type=Path, required=True, help="the folder of the curves of drawn clips; what it lacks is drawn"
    )
    parser.add_argument("--out", type=Path, default=Path(WEIGHTS), help=f"the weights ({WEIGHTS})")
    parser.add_argument("--workers", type=int, default=2, help="processes that draw (2)")
    parser.add_argument("--steps", type=int, default=STEPS, help=f"of each of {FOLDS - 1} networks ({STEPS})")
    parser.add_argument("--people", type=int, default=PEOPLE, help=f"of the rig, whose movements are added ({PEOPLE})")
    args = parser.parse_args(argv)
    for name in ("workers", "steps", "people"):
        if getattr(args, name) < 1:
            raise FacewiseError(f"--{name} {getattr(args, name)}: a number from 1 on is wanted")
    if not args.out.parent.is_dir():
        raise FacewiseError(f"{args.out}: there is no folder {args.out.parent}")
    if args.clips.exists() and not args.clips.is_dir():
        raise FacewiseError(f"{args.clips} is no folder")
    filmed = films(args.clips, args.rig, "moves", range(MOVING), args.workers)
    calm = films(args.clips, args.rig, "distracted", range(DISTRACTED), args.workers)
    takes = [Take.of(film) for film in (*filmed, *calm)]
    learned, still = ([film for film in some if not _is_left_out(film)] for some in (filmed, calm))
    adding = Adding(args.rig, learned, still, args.people)
    networks = []
    with ProcessPoolExecutor(args.workers, multiprocessing.get_context("spawn"), quiet_worker) as pool:
        for network in pool.map(partial(member, takes, adding, args.steps), range(FOLDS - 1)):
            networks.append(network)
            print(f"{len(networks)} of {FOLDS - 1} networks", file=sys.stderr, flush=True)
    whole = chosen(networks, [take for take in takes if not _is_left_out(take)])
    for line in worth(Spotter(whole), [take for take in takes if _is_left_out(take)]):
        print(line)
    save_file({name: array.astype(np.float16) if "." in name else array for name, array in whole.items()}, args.out)
    print(f"-> {args.out}")
    return 0


def chosen(networks: Sequence[SpotterNet], takes: Sequence[Take]) -> dict[str, np.ndarray]:
    """The tensors of a calibrated spotter, and from which probability on it tells: by what each network finds in the clips that it did not see."""

    def found(least: float, calibrated: tuple[float, float] = (1.0, 0.0)) -> list[list[Found]]:
        alone = [Spotter(tensors([network], least, calibrated)) for network in networks]
        return [alone[take.number % FOLDS].find(take.course) for take in takes]

    calibrated = calibration(takes, found(LEAST))
    return tensors(networks, least(takes, found(LEAST, calibrated)), calibrated)


def _is_left_out(one: Film | Take) -> bool:
    return one.number % FOLDS == FOLDS - 1


if __name__ == "__main__":
    sys.exit(exit_code(main))
