"""`python -m lstmcast`."""

from lstmcast.cli.main import run

if __name__ == "__main__":
    run()
