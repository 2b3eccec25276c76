"""Migrations of the tiny business."""
