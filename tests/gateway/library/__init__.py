"""A library that lends books: small contracts with every kind of route."""
