"""The page that runs exported networks in a browser: what it consists of, and serving it."""

from pathlib import Path

# By this file a folder is known as one that holds a page.
MARK = Path("models", "models.json")
