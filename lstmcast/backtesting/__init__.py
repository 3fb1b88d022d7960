"""Rolling origins: the network trained and measured again along the test period."""

from lstmcast.backtesting.pipeline import BacktestRun, Listener, backtest
from lstmcast.backtesting.plan import Follower

__all__ = ["BacktestRun", "Follower", "Listener", "backtest"]
