"""What pages hear while they are open: notices that something changed, and the one subscription of a process."""
