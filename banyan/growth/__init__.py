"""The departments around the line: what a company does to grow, planned and measured."""
