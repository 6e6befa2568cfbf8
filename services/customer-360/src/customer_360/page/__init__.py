"""The page: one HTML file in which a person finds a customer and watches the view."""
