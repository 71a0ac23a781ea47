"""What lies behind a face and beside it: rooms, mattes, hands."""
