"""Looking at a built data set: counts, stereotypes, doubtful labels, and rows with their pictures."""
