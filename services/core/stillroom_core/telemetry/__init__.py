"""What operators see of a running installation: ids that lead through the logs, traces, metrics, the door to them."""
