"""What a sentence says of two things: the claim that it states, if it states exactly one."""
