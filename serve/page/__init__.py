"""The chat page (`facewise chat`): drop a photo or a clip, ask, and see what the answer rests on."""
