"""The whole pipeline: train, measure, record."""

from lstmcast.experiment.members import shapes_of
from lstmcast.experiment.network import rebuild_network
from lstmcast.experiment.pipeline import TrainedRun, train

__all__ = ["TrainedRun", "rebuild_network", "shapes_of", "train"]
