//! Names, of which there are more than of anything else.

/// A name: of an object, namespace, label, image, resource or topology key. Most are short enough to be held in place; the
/// others are shared rather than copied.
pub type Name = smol_str::SmolStr;
