"""What people set: credentials, `.env` files, what is missing, and which streams are named."""
