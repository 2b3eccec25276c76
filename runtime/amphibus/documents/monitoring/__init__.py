"""Monitoring by a team's own tools: alert rules for Prometheus and a dashboard for Grafana."""
