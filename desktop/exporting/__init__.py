"""What is made of a finished preview: cut-outs, larger pictures."""
