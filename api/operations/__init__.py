"""What the API itself keeps: tokens, and the answers that were given to a key."""
