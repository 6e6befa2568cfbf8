"""Surveys: how satisfied people were."""
