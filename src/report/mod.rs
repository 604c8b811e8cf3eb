//! Facts to files: tables, charts, terminal summary.
