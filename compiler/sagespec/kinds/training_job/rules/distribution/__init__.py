"""Distribution: how several instances train together, and the compiler that goes with few of the strategies."""
