"""Pages, figures and mistakes of a run."""
