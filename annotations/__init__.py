"""The ground floor: what claims, boxes and captions are, and when they are true."""
