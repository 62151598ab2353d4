"""The client side of OPC UA: links that are watched, what is asked of a server, what comes back."""
