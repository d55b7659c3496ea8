"""Plans: what one job will do to one database, frozen before it runs.

models      the table
basis       what a plan follows from, and what of it has moved since
draft       works a plan out and digests it
repository  reads and writes the plans of one organization
service     makes plans for people, and gives the one that a job applies
"""
