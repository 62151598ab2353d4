"""What touches a plant: the virtual plant, the feed that reads OPC UA servers, and the twin."""
