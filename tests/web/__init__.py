"""The pages, asked as browsers ask."""
