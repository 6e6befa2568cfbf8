"""Business calendars: when working time passes."""
