"""Pages that recipients see; nobody signs in here, and no cookie is set."""
