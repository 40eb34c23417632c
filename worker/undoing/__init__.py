"""Taking imports back: what they changed, field by field, but for what somebody changed since."""
