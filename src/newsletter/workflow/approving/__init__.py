"""Composition -> edition: frozen, looked at by another, approved."""
