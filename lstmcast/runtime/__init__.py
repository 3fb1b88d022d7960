"""What runs after training, without Keras: the run directory and forecasting from it."""
