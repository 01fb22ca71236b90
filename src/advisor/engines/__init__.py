"""Where the normalise step runs: export files in, resource-days out."""
