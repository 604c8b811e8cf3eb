//! Facts while running, append only.
