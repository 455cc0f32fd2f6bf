"""journeys: what people are told, in whose words, by which way, and when rather not."""
