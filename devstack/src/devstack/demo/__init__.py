"""The demo: real customer history and one customer's story, through the public doors alone.

Steps: `customers` imports, `orders` publishes, `story` plays, `verdict` compares every figure with
the data set and says what differs. Each may be repeated, and may lose any process in its middle.
"""
