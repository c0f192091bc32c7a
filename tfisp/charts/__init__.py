"""Charts as SVG, for pages and for files of their own: `chart` says what, `svg` draws it."""
