"""Setups: a project that somebody is adding, step by step, before it is one."""
