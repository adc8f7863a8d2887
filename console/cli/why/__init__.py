"""`regulars rules why`: a customer's log replayed, and each rule's part in it told in plain words."""
