"""What may not stay in a data set: texts against their labels, pictures and people in two splits, demographic words tied to
emotions."""
