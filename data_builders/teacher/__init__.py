"""A language model writes answers from the labels, and another marks them: teach.py and judge.py, over one client of any OpenAI-compatible server."""
