//! Scenario files are read, checked and described by a schema.
