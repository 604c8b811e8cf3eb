//! Recorded HPA decisions are reproduced.
