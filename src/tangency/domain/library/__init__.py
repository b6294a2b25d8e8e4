"""What an institution writes down once and refers to: views, budgets, scores, factors, model portfolios."""
