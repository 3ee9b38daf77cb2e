"""How far single requests are from the mean: distributions of latencies, closed and open loads."""
