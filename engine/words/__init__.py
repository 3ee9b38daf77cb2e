"""Words that every room shares: errors, safe text, units, arrays, quantities for sentences."""
