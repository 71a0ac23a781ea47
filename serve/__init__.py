"""The serving door: the OpenAI API and the face endpoint, by vLLM's server or by our own. Imports model only."""
