"""metrics: figures by day, kept by the worker as it decides, and what they say."""
