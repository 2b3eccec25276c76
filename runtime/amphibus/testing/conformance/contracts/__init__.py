"""Contracts of the tiny business."""
