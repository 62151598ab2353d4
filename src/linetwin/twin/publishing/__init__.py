"""What the twin serves to others: an OPC UA server to be read by SCADA, made of plain data."""
