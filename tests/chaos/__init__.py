"""Breaks a whole Stillroom on purpose, at random moments of real jobs, and counts what should never be.

installation  real processes that can be killed, stopped and started again
faults        what goes wrong, one function each
project       the migrations that run meanwhile; they notice being run twice
watcher       somebody who watches a job from outside, through every reconnect
verdict       what is compared once everything is healthy again
campaign      one injection after another, from a seed
document      docs/reliability.md
"""
