"""The formats that a built set is exported to, by name. A new one is a file beside this one and a line here."""

from .exporter import Exporter
from .llava import LLAVA
from .megc import MEGC
from .ms_swift import MS_SWIFT
from .prompt_completion import TRL
from .sharegpt import SHAREGPT
from .vlmevalkit import VLMEVALKIT

EXPORTERS: dict[str, Exporter] = {exporter.name: exporter for exporter in (TRL, LLAVA, SHAREGPT, MS_SWIFT, VLMEVALKIT, MEGC)}
