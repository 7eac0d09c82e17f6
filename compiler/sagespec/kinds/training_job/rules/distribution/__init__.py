"""How several instances train together: strategies, instance groups, and the compiler that goes with few of them."""
