"""What strangers send is read in a process of its own, with limits."""
