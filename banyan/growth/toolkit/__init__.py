"""What advocates pass on: texts, pictures, proof, answers to questions."""
