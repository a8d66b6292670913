"""What is in the pictures of a data set, one by one."""
