"""What asks for films of a drawing."""
