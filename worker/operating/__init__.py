"""The operator's side: who is there, how it goes, what is wrong, and what is kept in order."""
