"""Tests of the preparation: `scripts/prepare-models --test`. No download, no footage."""
