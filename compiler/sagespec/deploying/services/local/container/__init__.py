"""What a training container finds: folders, data, variables."""
