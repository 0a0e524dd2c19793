"""What quantizing may cost, held against the figures committed with the networks.

`precisions.py` counts them, which takes footage; whoever makes other networks runs it and commits
what it prints.
"""

import unittest
from pathlib import Path

from polemodels import recipe
from polemodels.manifest import load

MODELS = Path(__file__).resolve().parents[2]
MAY_LOSE = {
    "person_recall_at_90": 0.02,
    "person_recall_at_95": 0.02,
    "fallen_recall_at_90": 0.05,
    "fallen_recall_at_95": 0.05,
}


class KeptPeople(unittest.TestCase):
    def test_int8_finds_those_whom_fp32_finds_at_equal_precision(self):
        """In two points of those on their feet, five of those on the floor."""
        manifest = load(MODELS / "nanodet-plus-m" / "model.toml")
        fp32 = manifest.precision["fp32"].measured
        for name, figures in (
            ("ONNX", manifest.precision["int8"].measured),
            ("rk3588", recipe.load(manifest).measured),
        ):
            for key, allowed in MAY_LOSE.items():
                with self.subTest(network=name, figure=key):
                    self.assertGreaterEqual(figures[key], fp32[key] - allowed - 1e-9)


if __name__ == "__main__":
    unittest.main()
