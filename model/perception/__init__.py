"""Pixels to evidence, before any language model: pictures, faces, landmarks, views."""
