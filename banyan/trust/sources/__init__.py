"""sources: shops and payment providers that tell us of orders, and what each told of an order."""
