"""Who is asked: a Facewise model, a server, a model of transformers, a file of predictions, a tool's tables. Behind one protocol."""
