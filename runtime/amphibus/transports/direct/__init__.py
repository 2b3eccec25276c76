"""Requests from process to process, without a broker between them: queries and decided commands, kept by nobody."""
