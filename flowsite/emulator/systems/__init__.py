"""The systems that accounts read from: tables, resources and files with rows of their own.

Rows are a pure function of the moment the data file was seeded and of the clock: a table has
its backlog from the start and grows by one row every few seconds, so nothing has to be stored
and a restart changes nothing.
"""
