"""From a release to the world: what changed since the last one, known faults, and the way to the Hub and back."""
