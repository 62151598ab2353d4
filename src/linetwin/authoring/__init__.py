"""Equations in Python, compiled to FMUs.

A model file `fmus/<name>/model.py` describes a `Model`; `linetwin.authoring.build` turns it into
an FMI 3.0 co-simulation FMU that needs no Python. Needs casadi, ziglang and fmpy (its headers).
"""

from __future__ import annotations

from linetwin.authoring.model import Model

__all__ = ["Model"]
