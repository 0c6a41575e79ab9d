"""Composites: pictures put together of cut-outs, in pairs that differ in nothing but the arrangement."""
