"""Mail: letters that wait in a table until the scheduler has handed them over."""
