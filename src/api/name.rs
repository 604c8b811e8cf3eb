//! Names: strings that are cheap to clone, since a cluster has more of them than of anything else.

/// A name: of an object, namespace, label, image, resource or topology key. Most are short enough to be held in place; the
/// others are shared rather than copied.
pub type Name = smol_str::SmolStr;
