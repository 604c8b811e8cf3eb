//! Manifests as people have them are read.
