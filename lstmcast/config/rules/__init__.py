"""The rules between fields; `lstmcast.config.checks` lists them."""
