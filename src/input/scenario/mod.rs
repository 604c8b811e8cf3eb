//! The scenario file: its shape, validation and JSON Schema.
