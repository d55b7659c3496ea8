"""The first start in containers, where servers are given and each process is a container of its own."""
