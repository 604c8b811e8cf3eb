//! What was read and has no effect, listed once each: kinds, keys, fields.

use crate::input::document::Place;
use crate::input::document::field_path::pattern;
use crate::input::document::similar::{Tolerance, nearest};
use crate::input::document::typed::{Inert, Notes};
use crate::input::kinds::table::KINDS;
use crate::input::{Diagnostic, Diagnostics};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Something that has no effect: how often it was seen, and where first.
#[derive(Debug)]
struct Sighting {
    count: usize,
    file: Arc<str>,
    position: (usize, usize),
    field: String,
    hint: Option<String>,
}

/// Sightings by name, in the order of the first one.
#[derive(Debug, Default)]
struct Sightings {
    order: Vec<String>,
    by_name: BTreeMap<String, Sighting>,
}

impl Sightings {
    /// Notes one; the place is looked up for the first one alone.
    fn add(&mut self, name: String, place: &Place<'_, '_>, field: &str, hint: impl FnOnce() -> Option<String>) {
        if let Some(sighting) = self.by_name.get_mut(&name) {
            sighting.count += 1;
            return;
        }
        let position = if field.is_empty() { place.start() } else { place.position(field) };
        let sighting = Sighting { count: 1, file: place.file(), position, field: field.to_owned(), hint: hint() };
        self.order.push(name.clone());
        self.by_name.insert(name, sighting);
    }

    /// All of them.
    fn iter(&self) -> impl Iterator<Item = (&str, &Sighting)> {
        self.order.iter().filter_map(|name| Some((name.as_str(), self.by_name.get(name)?)))
    }
}

/// What was read and has no effect.
#[derive(Debug, Default)]
pub struct Unused {
    kinds: Sightings,
    unknown: Sightings,
    not_simulated: Sightings,
    inside: Sightings,
}

impl Unused {
    /// Notes an object of a kind that is not read.
    pub fn kind(&mut self, name: String, kind: &str, place: &Place<'_, '_>) {
        self.kinds.add(name, place, "", || {
            nearest(kind, KINDS.iter().map(|kind| kind.kind), Tolerance::Narrow)
                .map(|near| format!("did you mean `{near}`?"))
        });
    }

    /// Notes the keys and fields of an object that have no effect; those of `status` are the server's.
    pub fn fields(&mut self, kind: &str, notes: &Notes, place: &Place<'_, '_>) {
        let of_status = |path: &str| path == "status" || path.starts_with("status.");
        for key in notes.unknown.iter().filter(|key| !of_status(&key.path)) {
            self.unknown.add(format!("{kind} {}", pattern(&key.path)), place, &key.path, || {
                key.similar.map(|similar| format!("did you mean `{similar}`?"))
            });
        }
        for field in notes.inert.iter().filter(|field| !of_status(&field.path)) {
            let list = match field.why {
                Inert::NotSimulated => &mut self.not_simulated,
                Inert::Inside => &mut self.inside,
            };
            list.add(field.name.clone(), place, &field.path, || None);
        }
    }

    /// Writes the warnings.
    pub fn report(&self, diagnostics: &mut Diagnostics) {
        for (name, seen) in self.kinds.iter() {
            let message = format!("kind {name} is not simulated and has no effect ({})", objects(seen.count));
            diagnostics
                .push(Diagnostic::warning(seen.file.clone(), message).at(seen.position).with_hint(seen.hint.clone()));
        }
        for (_, seen) in self.unknown.iter() {
            let message = format!("is not a field of Kubernetes 1.36 and has no effect{}", times(seen.count));
            diagnostics.push(
                Diagnostic::warning(seen.file.clone(), message)
                    .at(seen.position)
                    .in_field(seen.field.clone())
                    .with_hint(seen.hint.clone()),
            );
        }
        for (_, seen) in self.not_simulated.iter() {
            let message = format!("is not simulated and has no effect{}", times(seen.count));
            diagnostics
                .push(Diagnostic::warning(seen.file.clone(), message).at(seen.position).in_field(seen.field.clone()));
        }
        let inside: Vec<String> =
            self.inside.iter().map(|(name, seen)| format!("{name}{}", times(seen.count))).collect();
        if let Some((_, first)) = self.inside.iter().next() {
            let message =
                format!("these fields bear on nothing that is simulated and have no effect: {}", inside.join(", "));
            diagnostics.push(Diagnostic::warning(first.file.clone(), message).at(first.position));
        }
    }
}

/// `1 object`, `3 objects`.
fn objects(count: usize) -> String {
    if count == 1 { "1 object".to_owned() } else { format!("{count} objects") }
}

/// How often, where it is more than once.
fn times(count: usize) -> String {
    if count == 1 { String::new() } else { format!(" ({count} times)") }
}
