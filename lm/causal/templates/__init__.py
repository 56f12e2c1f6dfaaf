"""Package data: prompt templates, one TOML file each, and the schema that checks them."""
