//! Recorded controller decisions are reproduced.
