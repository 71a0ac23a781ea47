"""The datasets that `facewise build` reads, by name. A new one is a file beside this one and a line here."""

from .affectnet import AFFECTNET
from .celeba import CELEBA
from .fer import FER
from .morph_faces import MORPH2
from .rafdb import RAFDB
from .source import Source
from .utkface import UTKFACE

SOURCES: dict[str, Source] = {source.name: source for source in (AFFECTNET, RAFDB, FER, CELEBA, UTKFACE, MORPH2)}
