"""How requests share passes, and what users see of it, one module for each way."""
