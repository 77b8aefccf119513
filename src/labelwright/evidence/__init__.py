"""What was told about the labels, and Bayes for it."""
