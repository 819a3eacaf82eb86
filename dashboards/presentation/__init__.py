"""How numbers, months, bands and shapes look: plain Python, no request and no query."""
