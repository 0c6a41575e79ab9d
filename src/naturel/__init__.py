"""NatuRel: image-caption datasets of who does what to whom, and where."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("naturel")
except PackageNotFoundError:  # a source tree on the path, not installed
    __version__ = "0+source"
