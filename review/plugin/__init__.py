"""The plugin of the FiftyOne app: a panel (panel.js, app/) over operators (operators.py)."""
