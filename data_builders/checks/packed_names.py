"""A million names in one run of bytes: a Python list of them would take three times the memory, a set ten times."""

from array import array


class PackedNames:
    """Names by number, in the order in which they were added."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._ends = array("q", [0])

    def __len__(self) -> int:
        return len(self._ends) - 1

    def add(self, name: str) -> None:
        self._bytes += name.encode("utf-8", "surrogatepass")
        self._ends.append(len(self._bytes))

    def __getitem__(self, number: int) -> str:
        start, end = self._ends[number], self._ends[number + 1]
        return self._bytes[start:end].decode("utf-8", "surrogatepass")
