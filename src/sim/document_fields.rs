//! Fields of a JSON document by their path.

use serde_json::{Map, Value};

/// Sets a field. What should be an object on the way to it becomes one.
pub fn set(document: &mut Value, path: &[&str], value: Value) {
    let mut place = document;
    for key in path {
        if !place.is_object() {
            *place = Map::new().into();
        }
        place = &mut place[*key];
    }
    *place = value;
}
