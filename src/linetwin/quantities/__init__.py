"""The vocabulary: every quantity linetwin speaks of, with its one canonical unit."""

from linetwin.quantities.vocabulary import Quantity, Vocabulary, vocabulary

__all__ = ["Quantity", "Vocabulary", "vocabulary"]
