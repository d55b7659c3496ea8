"""What runs in a cell before the tenant's program and beside it: the warden.

Packed into one archive and run by the worker's own interpreter with `-I -S`: it uses the standard library
only, imports nothing of ours but itself, and reads nothing that a tenant can write.
"""
