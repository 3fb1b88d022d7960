"""What an exported network is made of: known to the export, and to what reads it again."""

from __future__ import annotations

# Versions of ONNX' operators and of its files.
OPSET, IR_VERSION = 17, 8
# The one output.
OUTPUT_NAME = "forecast"
# Bytes of weights in one file, which is a protocol buffer.
LARGEST = 2_000_000_000
# All operators that are written, of ONNX' own domain.
# fmt: off
OPERATORS = frozenset((
    "Add", "Concat", "ConstantOfShape", "Conv", "Div", "Elu", "Exp", "GRU", "Gather",
    "Identity", "LSTM", "LayerNormalization", "Log", "LogSoftmax", "MatMul", "Max", "MaxPool",
    "Min", "Mul", "ReduceMean", "ReduceSum", "Relu", "Reshape", "Shape", "Sigmoid", "Slice",
    "Softmax", "Softplus", "Softsign", "Split", "Sqrt", "Sub", "Tanh", "Tile", "TopK",
    "Transpose", "Unsqueeze",
))
# fmt: on
