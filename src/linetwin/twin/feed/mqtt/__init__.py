"""Messages of an MQTT broker as a source of values; nothing is published."""
