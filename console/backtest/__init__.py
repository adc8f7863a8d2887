"""A backtest told to people and programs: where its events come from, and its text, page and JSON."""
