"""The tests, which mirror `tfisp/`; `helpers` is what they share."""
