//! Reads a `k8s-openapi` type from a parsed document, and notes what serde would hide: the path of a value of the wrong
//! type, keys that the type does not know, and fields that the simulation does not act on.

use super::field_path::{FieldPath, FieldPathBuf, PathStep};
use super::similar::{Tolerance, nearest};
use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeOwned, DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::{Map, Value};
use std::cell::RefCell;
use std::fmt;

/// Why a field has no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Inert {
    /// It bears on what runs inside the container, which is not simulated: the environment, commands, mounts, identity.
    Inside,
    /// It bears on scheduling, lifecycle or traffic in a real cluster, and the simulation does without it: results may
    /// differ from the real cluster's.
    NotSimulated,
}

/// The fields of a `k8s-openapi` type that the simulation does not act on. Fields of `status` are not among them.
#[derive(Clone, Copy, Debug)]
pub struct InertFields {
    /// The type, for example `PodSpec`.
    pub type_name: &'static str,
    /// Those that are [`Inert::Inside`].
    pub inside: &'static [&'static str],
    /// Those that are [`Inert::NotSimulated`].
    pub not_simulated: &'static [&'static str],
    /// Fields and the value that the API server gives them, which every dump shows and nobody chose.
    pub defaults: &'static [(&'static str, &'static str)],
    /// Whether the simulation acts on a field all the same, in an object like this one.
    pub has_effect: fn(object: &Value, field: &str) -> bool,
}

/// Finds the fields of a type that the simulation does not act on.
pub type InertLookup = fn(&str) -> Option<&'static InertFields>;

impl InertFields {
    /// A type all of whose fields count, to be filled in.
    pub const fn of(type_name: &'static str) -> Self {
        Self { type_name, inside: &[], not_simulated: &[], defaults: &[], has_effect: |_, _| false }
    }

    /// Why a field of an object with this value has no effect; `None` where it has one, or says nothing.
    fn why(&self, object: &Value, field: &str, value: &Value) -> Option<Inert> {
        let why = if self.inside.contains(&field) {
            Inert::Inside
        } else if self.not_simulated.contains(&field) {
            Inert::NotSimulated
        } else {
            return None;
        };
        let is_default = value.as_str().is_some_and(|text| self.defaults.contains(&(field, text)));
        (!is_blank(value) && !is_default && !(self.has_effect)(object, field)).then_some(why)
    }
}

/// A key that the Kubernetes type does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownKey {
    /// Path to the key.
    pub path: String,
    /// A known key of the same type that differs by a letter or two.
    pub similar: Option<&'static str>,
}

/// A field that the type has and the simulation does not act on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InertField {
    /// Path to the field.
    pub path: String,
    /// Type and field, for example `Container.env`.
    pub name: String,
    /// Why it has no effect.
    pub why: Inert,
}

/// What reading an object has noted besides the value.
#[derive(Debug, Default)]
pub struct Notes {
    /// Keys that the type does not have, in the document's order.
    pub unknown: Vec<UnknownKey>,
    /// Fields without effect, in the document's order.
    pub inert: Vec<InertField>,
}

/// A value of the wrong type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeError {
    /// Path to the value; `None` until the value that raised it is known.
    path: Option<String>,
    /// What was found and what was expected.
    problem: String,
}

impl TypeError {
    /// Path to the value.
    pub fn path(&self) -> &str {
        self.path.as_deref().unwrap_or_default()
    }

    /// What was found and what was expected.
    pub fn problem(&self) -> &str {
        &self.problem
    }
}

impl fmt::Display for TypeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.path(), self.problem)
    }
}

impl std::error::Error for TypeError {}

impl de::Error for TypeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { path: None, problem: message.to_string() }
    }

    fn invalid_type(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        let expected = expected.to_string();
        let expected = match expected.as_str() {
            "i32" | "i64" | "u16" => "a whole number",
            "f32" | "f64" => "a number",
            named => named,
        };
        let found = match found {
            de::Unexpected::Unit => "null".to_owned(),
            de::Unexpected::Map => "an object".to_owned(),
            de::Unexpected::Seq => "a list".to_owned(),
            scalar => scalar.to_string().replace("floating point", "number").replace("integer", "number"),
        };
        Self::custom(format_args!("found {found} (expected {expected})"))
    }

    fn invalid_value(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::custom(format_args!("found {found} (expected {expected})"))
    }
}

/// How many values of a wrong type are reported for one object.
const MAX_TYPE_ERRORS: usize = 50;

/// Reads `value` as a `T`. All values of a wrong type are reported, not the first alone: each is taken out of the
/// object in turn and the object read again. With errors the result is what remained, or `None` if nothing readable did.
pub fn read<T: DeserializeOwned>(
    value: &Value,
    inert_fields: InertLookup,
    notes: &mut Notes,
    errors: &mut Vec<TypeError>,
) -> Option<T> {
    let first = match attempt(value, inert_fields, notes) {
        Ok(read) => return Some(read),
        Err(error) => error,
    };
    let mut remaining = value.clone();
    let mut error = first;
    loop {
        let removed = remove(&mut remaining, error.path());
        errors.push(error);
        if !removed || errors.len() >= MAX_TYPE_ERRORS {
            return None;
        }
        error = match attempt(&remaining, inert_fields, notes) {
            Ok(read) => return Some(read),
            Err(error) => error,
        };
    }
}

/// Reads once; the notes are those of this reading.
fn attempt<T: DeserializeOwned>(value: &Value, inert_fields: InertLookup, notes: &mut Notes) -> Result<T, TypeError> {
    let pass = Pass { inert_fields, notes: RefCell::default() };
    let result = T::deserialize(Tracked { value, path: FieldPath::Root, pass: &pass });
    *notes = pass.notes.into_inner();
    result
}

/// Replaces the value at `path` by null; whether there was one that was not null.
fn remove(value: &mut Value, path: &str) -> bool {
    let mut target = value;
    let steps = FieldPathBuf::parse(path);
    for step in &steps.0 {
        let next = match step {
            PathStep::Key(key) => target.get_mut(key),
            PathStep::Index(index) if target.is_array() => target.get_mut(index),
            PathStep::Index(index) => target.get_mut(index.to_string()),
        };
        let Some(next) = next else { return false };
        target = next;
    }
    // An element of a list cannot be null, and taking it out would shift the others: it becomes an empty object.
    let blank = match steps.0.last() {
        Some(PathStep::Index(_)) if !target.is_object() => Value::Object(Map::new()),
        Some(_) => Value::Null,
        None => return false,
    };
    if *target == blank || target.is_null() {
        return false;
    }
    *target = blank;
    true
}

/// What one reading of an object knows and notes.
struct Pass {
    inert_fields: InertLookup,
    notes: RefCell<Notes>,
}

/// A value and where it stands.
#[derive(Clone, Copy)]
struct Tracked<'de, 'p> {
    value: &'de Value,
    path: FieldPath<'p>,
    pass: &'p Pass,
}

impl Tracked<'_, '_> {
    /// Adds the path to an error that has none yet.
    fn locate<T>(self, result: Result<T, TypeError>) -> Result<T, TypeError> {
        result.map_err(|error| TypeError { path: error.path.or_else(|| Some(self.path.to_string())), ..error })
    }
}

impl<'de> Deserializer<'de> for Tracked<'de, '_> {
    type Error = TypeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TypeError> {
        let result = match self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(flag) => visitor.visit_bool(*flag),
            Value::Number(number) => {
                if let Some(number) = number.as_i64() {
                    visitor.visit_i64(number)
                } else if let Some(number) = number.as_u64() {
                    visitor.visit_u64(number)
                } else {
                    visitor.visit_f64(number.as_f64().unwrap_or(f64::NAN))
                }
            }
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Array(elements) => visitor.visit_seq(Elements { list: self, rest: elements.iter(), index: 0 }),
            Value::Object(fields) => {
                visitor.visit_map(Fields { object: self, rest: fields.iter(), of: None, next: None })
            }
        };
        self.locate(result)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TypeError> {
        if self.value.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, TypeError> {
        // The API server takes a bare number for a quantity.
        if name == "Quantity"
            && let Value::Number(number) = self.value
        {
            let text = number.to_string();
            let result = visitor.visit_newtype_struct(StrDeserializer::<TypeError>::new(&text));
            return self.locate(result);
        }
        let result = visitor.visit_newtype_struct(self);
        self.locate(result)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, TypeError> {
        let Value::Object(fields) = self.value else { return self.deserialize_any(visitor) };
        let of = Some(StructType { name, known, inert: (self.pass.inert_fields)(name) });
        let access = Fields { object: self, rest: fields.iter(), of, next: None };
        let result = visitor.visit_map(access);
        self.locate(result)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, TypeError> {
        // Kubernetes' types have no Rust enums that are read as such.
        self.locate(Err(TypeError::custom("an enumeration was not expected here")))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map identifier ignored_any
    }
}

/// The elements of a list.
struct Elements<'de, 'p> {
    list: Tracked<'de, 'p>,
    rest: std::slice::Iter<'de, Value>,
    index: usize,
}

impl<'de> SeqAccess<'de> for Elements<'de, '_> {
    type Error = TypeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, TypeError> {
        let Some(value) = self.rest.next() else { return Ok(None) };
        let index = self.index;
        self.index += 1;
        seed.deserialize(Tracked { value, path: self.list.path.index(index), pass: self.list.pass }).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

/// The struct type that an object is read as.
#[derive(Clone, Copy)]
struct StructType {
    name: &'static str,
    known: &'static [&'static str],
    inert: Option<&'static InertFields>,
}

/// The fields of an object, of a struct type or of a map.
struct Fields<'de, 'p> {
    object: Tracked<'de, 'p>,
    rest: serde_json::map::Iter<'de>,
    of: Option<StructType>,
    next: Option<(&'de str, &'de Value)>,
}

impl Fields<'_, '_> {
    /// Notes a field without effect, unless it stands in one that has none either: the outer one says enough.
    fn note_inert(&self, type_name: &str, field: &str, why: Inert) {
        let path = self.object.path.key(field).to_string();
        let mut notes = self.object.pass.notes.borrow_mut();
        let inner = notes.inert.last().is_some_and(|outer| {
            path.strip_prefix(outer.path.as_str()).is_some_and(|rest| rest.starts_with(['.', '[']))
        });
        if !inner {
            notes.inert.push(InertField { path, name: format!("{type_name}.{field}"), why });
        }
    }
}

impl<'de> MapAccess<'de> for Fields<'de, '_> {
    type Error = TypeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, TypeError> {
        for (key, value) in self.rest.by_ref() {
            if let Some(StructType { name, known, inert }) = self.of {
                if !known.contains(&key.as_str()) {
                    let path = self.object.path.key(key).to_string();
                    let similar = nearest(key, known.iter().copied(), Tolerance::Narrow);
                    self.object.pass.notes.borrow_mut().unknown.push(UnknownKey { path, similar });
                    continue;
                }
                // The API server's book-keeping is the bulk of a dump and says nothing about the object.
                if name == "ObjectMeta" && key == "managedFields" {
                    continue;
                }
                if let Some(why) = inert.and_then(|fields| fields.why(self.object.value, key, value)) {
                    self.note_inert(name, key, why);
                }
            }
            self.next = Some((key, value));
            return seed.deserialize(StrDeserializer::new(key)).map(Some);
        }
        Ok(None)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, TypeError> {
        let Some((key, value)) = self.next.take() else { return Err(TypeError::custom("a value without a key")) };
        seed.deserialize(Tracked { value, path: self.object.path.key(key), pass: self.object.pass })
    }
}

/// Whether a field is written down but says nothing.
fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(elements) => elements.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::String(text) => text.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}
