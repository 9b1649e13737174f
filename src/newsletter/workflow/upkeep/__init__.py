"""Care of a workspace: made, examined, watched, backed up, carried between folder and database."""
