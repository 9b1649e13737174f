"""The way of the data, one module a step: gather, compose, freeze, approve, send. It composes the packages below."""
