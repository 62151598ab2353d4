"""What a manager asks of two scenarios first: these figures are compared before all others."""

from __future__ import annotations

QUESTIONS = (
    # what comes out, and when
    "limits.good_cells_per_day",
    "limits.good_energy_per_day",
    "limits.share_of_plan",
    "order.last_cell_graded",
    "order.cells_good",
    "order.cells_a",
    "order.cells_b",
    # what it costs
    "cost.cost_per_good_energy",
    "cost.cost_per_good_energy_steady",
    "cost.scrap_value_per_day",
    "energy.energy_per_good_energy",
    "energy.energy_per_good_energy_steady",
    "cost.emissions_per_good_energy",
    # how good it is
    "quality.rolled_throughput_yield",
    "order.quality_ratio",
    "quality.capacity.mean",
    "quality.capacity.standard_deviation",
    "quality.dcir.mean",
    "quality.first_cycle_efficiency.mean",
    # what is behind it
    "order.cells_started",
    "order.cells_scrap_upstream",
    "order.cells_scrap_at_grading",
    "order.stacking_rate",
    "order.throughput",
    "order.duration",
    "energy.energy_used",
)
"""Named before any run was seen, so few that each can be sure: they are corrected after Holm."""
