"""The whole pipeline: train, measure, record."""

from lstmcast.experiment.network import rebuild_network
from lstmcast.experiment.pipeline import TrainedRun, train
from lstmcast.runtime.network_shapes import shapes_of

__all__ = ["TrainedRun", "rebuild_network", "shapes_of", "train"]
