//! Tables and properties of whole reconciles.
