"""Measures Polewatch beside what a Python user would write for the same job. Run by scripts/bench."""
