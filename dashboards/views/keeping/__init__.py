"""Pages on which PMO leads keep subjects, their links, and whose metrics are whose to enter."""
