"""What the world does to an account, alone or by script: acts of the bank, whole stories, and steps that wait."""
