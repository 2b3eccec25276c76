"""The HTTP side: every contract with a route, made into one app. Knows no business."""
