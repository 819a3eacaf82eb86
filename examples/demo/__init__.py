"""An invented service company, written as a workspace folder by build.py."""
