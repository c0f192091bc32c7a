"""Every network and every method beside each other: what each costs and how good it gets."""
