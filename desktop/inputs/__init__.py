"""Pictures that come from elsewhere than the pen: a watched file or part of the screen, a sketch on paper."""
