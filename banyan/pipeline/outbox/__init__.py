"""outbox: webhooks out, from the messages the worker wrote to other people's servers."""
