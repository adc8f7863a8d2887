"""The way of an event on a virtual clock, in memory: what tests of rules and backtests run on. The engine is the live
one; only the store, the broker and the people who receive are played."""
