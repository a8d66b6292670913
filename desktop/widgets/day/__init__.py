"""The day's results of the queue, in a window of their own."""
