"""inbound: signed messages of shops and payment providers, read into one vocabulary."""
