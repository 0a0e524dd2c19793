"""How right the alarms are on labelled clips; started by scripts/accuracy."""
