"""One customer's story, told through the APIs in acts: each looks first and acts only then.

So a story that was played is recognised step by step; what has come of it is verified again.
"""
