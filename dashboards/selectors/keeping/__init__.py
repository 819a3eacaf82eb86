"""What the pages for keeping subjects and assignments show."""
