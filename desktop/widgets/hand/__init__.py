"""What belongs to the hand: how it selects, turns things, what colours and brushes it had."""
