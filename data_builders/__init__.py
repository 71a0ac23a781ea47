"""Second floor: labelled datasets and simulators -> records -> training packs and instruction data."""
