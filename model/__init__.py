"""The ground floor: what a face is, how it is seen, how a model is asked. Imports nothing of ours from above."""
