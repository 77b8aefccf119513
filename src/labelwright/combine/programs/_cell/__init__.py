"""What runs inside the separate process; it imports nothing of labelwright, and `sandbox` alone starts it."""
