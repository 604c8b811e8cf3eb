//! Output files have their promised form.
