"""Tells people who have closed the tab what ended, by mail and webhooks: docs/NOTIFICATIONS.md."""
