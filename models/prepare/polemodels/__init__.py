"""Model preparation: published weights in, the ONNX files the detector opens out.

Reading order: `manifest` (what is wanted) -> `sources` (where it comes from) -> `ncnn_net`,
`tfjs_net` (foreign formats to a `graph`) -> `quantize` (graph to INT8) -> `workshop` (all of it,
atomically) -> `measure` (what the result is worth here).
"""
