"""What in a revision may hurt on a busy table, said before anything runs."""
