"""What tests of every package share. It imports nothing of the product but the embedded servers."""
