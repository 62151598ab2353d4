"""linetwin: a digital twin of a battery-cell production line."""
