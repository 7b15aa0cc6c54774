puts :up
