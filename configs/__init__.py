"""Package data: one TOML file per experiment."""
