"""What quality teams look at and decide: risks, charts, decisions, containment."""
