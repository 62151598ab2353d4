"""A line that follows a plant: lots are taken and handed over when the plant's were."""
