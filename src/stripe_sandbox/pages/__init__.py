"""The pages that a person sees.

The hosted payment page, the 3-D Secure challenge, and the overview. They work without JavaScript.
"""
