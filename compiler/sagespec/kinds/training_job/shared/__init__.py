"""What many jobs have in common: worked out once, and judged once, for all of them."""
