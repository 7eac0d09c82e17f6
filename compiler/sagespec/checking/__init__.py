"""Model → checked: rules, their pages, allowances."""
