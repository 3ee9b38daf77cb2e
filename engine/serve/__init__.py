"""What users see: requests under a load, as latency, throughput and memory."""
