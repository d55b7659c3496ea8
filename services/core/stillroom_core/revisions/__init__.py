"""Revisions: read an Alembic project without running it, draw its graph, plan what Alembic would run.

    source        what is read (an export, a subdirectory, a config file) and what is remarked upon
    settings      alembic.ini and pyproject.toml, as far as they say where revisions lie
    locations     those places, found inside the export and never outside it
    header        the quick way to read a revision file, for the shape that nearly all files have
    syntax        the careful way, for every other file
    reader        all of it together: `read_graph`, and `read_revision` for one file with its source
    code_settings signs that code, not configuration, decides where revisions lie
    chains        the Alembic projects that a repository holds
    graph         revisions and how they stand to each other; `graph_json` stores and loads it
    planner       the steps of an upgrade, downgrade or stamp, by Alembic's own reckoning

Everything here is pure: no database, no network, and no line of a tenant's code is ever executed.
"""
