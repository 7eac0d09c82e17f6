"""Framework: in which version, from which image, for which instances and regions; and the algorithms of AWS."""
