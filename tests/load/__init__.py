"""What many jobs, many watchers and years of history cost: `make load`, written to docs/load.md.

throughput  jobs per minute against bare commands
watchers    thousands of WebSocket clients of one job; `crowd` is the process in which they live
years       latency of the api with a long history
price       what a sandbox, a proxy and a gigabyte of output cost
document    docs/load.md
"""
