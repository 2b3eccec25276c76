"""Inclusion of JSON Schemas: every document that one allows is allowed by another, proved or refuted by a witness.

`normal_form` turns a schema into alternatives, a list for each kind of value; `proof` shows that those of the writer
lie within those of the reader; `refutation` looks for a document that the writer allows and the reader refuses, and
`validation`, which shares nothing with the two, has the last word on it. What is neither proved nor refuted is unknown.
"""
