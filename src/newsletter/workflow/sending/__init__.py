"""Edition -> messages under way: launched, tested, held, paused, cancelled."""
