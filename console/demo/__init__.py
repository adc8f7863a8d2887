"""`regulars demo`: a simulated tea shop and the calm view of what Regulars makes of it."""
