"""Writing a network as ONNX, operator by operator.

A Keras network is a graph of operations on symbolic tensors. Each of them has a translation here,
so nothing is traced: it takes no particular backend, a recurrent layer of any cell becomes the one
operator that ONNX has for it, and the whole takes some hundredths of a second. What only training
uses (dropout, penalties, reduced precision) is left out. Operators: the ONNX specification, opset
17.
"""

from lstmcast.training.export.writing import write_onnx, write_versions

__all__ = ["write_onnx", "write_versions"]
