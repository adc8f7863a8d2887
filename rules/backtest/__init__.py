"""History played through two sets of rules, and the difference it makes. Pure: events in, figures out."""
