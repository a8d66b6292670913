"""What is done with previews: two compared, parts of them held, all finished by hand."""
