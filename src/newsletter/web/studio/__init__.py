"""The studio: the web application for staff. It calls what the command line calls and holds no rules of its own."""
