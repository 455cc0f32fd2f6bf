"""Examples to start from; each is a program: `python -m examples.first_reward`.

They take the installation's address from BANYAN_URL and a secret key from BANYAN_SECRET.
"""
