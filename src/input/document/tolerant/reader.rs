//! The tree as serde's data: every mistake is noted with its place, and what is known to be damaged is stood in for.

use super::super::field_path::FieldPathBuf;
use super::super::tree::{Entry, Node, Number, Value};
use super::read_error::{ErrorKind, ReadError, listed, quoted};
use super::repairs::Repairs;
use super::stand_in::StandIn;
use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error as _, IntoDeserializer, MapAccess, SeqAccess, VariantAccess,
    Visitor,
};
use serde::forward_to_deserialize_any;

/// Reads one node.
#[derive(Clone)]
pub(super) struct Reader<'a> {
    node: &'a Node,
    path: FieldPathBuf,
    repairs: &'a Repairs,
    /// Numbers are handed on as they are written.
    as_text: bool,
}

impl<'a> Reader<'a> {
    /// Reads the root of a document.
    pub fn of_root(root: &'a Node, repairs: &'a Repairs) -> Self {
        Self { node: root, path: FieldPathBuf::default(), repairs, as_text: false }
    }

    fn is_damaged(&self) -> bool {
        self.repairs.damaged.contains(&self.path)
    }

    fn stand_in(&self) -> StandIn {
        StandIn::new(self.path.clone(), self.repairs.stand_ins)
    }

    fn located<T>(&self, result: Result<T, ReadError>) -> Result<T, ReadError> {
        result.map_err(|error| error.at(&self.path, &self.node.position))
    }

    fn wrong<T>(&self, message: impl Into<String>) -> Result<T, ReadError> {
        Err(ReadError::new(ErrorKind::Value, message).at(&self.path, &self.node.position))
    }

    /// The node is not what the type needs.
    fn unexpected<T>(&self, expected: &str) -> Result<T, ReadError> {
        let found = match &self.node.value {
            Value::Null => return self.wrong(format!("has no value (expected {expected})")),
            Value::Bool(value) => format!("`{value}`"),
            Value::Number(_, text) | Value::Text(text) => quoted(text),
            Value::Sequence(_) => "a list".to_owned(),
            Value::Mapping(_) => "a mapping".to_owned(),
        };
        self.wrong(format!("{found} is not {expected}"))
    }

    fn items(&self, items: &'a [Node]) -> Items<'a> {
        Items { rest: items.iter().enumerate(), path: self.path.clone(), repairs: self.repairs }
    }

    fn entries(&self, entries: &'a [Entry], fields: &'static [&'static str]) -> Entries<'a> {
        Entries {
            rest: entries.iter(),
            fields: fields.iter(),
            current: None,
            standing_in: FieldPathBuf::default(),
            path: self.path.clone(),
            repairs: self.repairs,
        }
    }

    fn integer(&self) -> Result<i128, ReadError> {
        match &self.node.value {
            Value::Number(Number::Integer(value), _) if *value >= 0 => Ok(*value),
            Value::Number(Number::Integer(_), text) => {
                self.wrong(format!("{} is negative (expected zero or more)", quoted(text)))
            }
            // Whole numbers beyond the reader's own integers arrive as floats.
            Value::Number(Number::Float(_), text) if text.bytes().all(|byte| byte.is_ascii_digit()) => {
                self.wrong(format!("{} is too large", quoted(text)))
            }
            _ => self.unexpected("a whole number"),
        }
    }
}

macro_rules! read_integer {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
            if self.is_damaged() {
                return self.stand_in().$method(visitor);
            }
            let value = self.integer()?;
            self.located(match u64::try_from(value) {
                Ok(value) => visitor.visit_u64(value),
                Err(_) => Err(ReadError::custom(format!("`{value}` is too large"))),
            })
        })*
    };
}

impl<'de> Deserializer<'de> for Reader<'_> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        if self.is_damaged() {
            return self.stand_in().deserialize_any(visitor);
        }
        let result = match &self.node.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(_, text) if self.as_text => visitor.visit_str(text),
            Value::Number(Number::Integer(value), text) => match (i64::try_from(*value), u64::try_from(*value)) {
                (Ok(value), _) => visitor.visit_i64(value),
                (Err(_), Ok(value)) => visitor.visit_u64(value),
                (Err(_), Err(_)) => Err(ReadError::custom(format!("{} is too large", quoted(text)))),
            },
            Value::Number(Number::Float(value), text) => {
                if value.is_finite() {
                    visitor.visit_f64(*value)
                } else {
                    Err(ReadError::custom(format!("{} is not a finite number", quoted(text))))
                }
            }
            Value::Text(text) => visitor.visit_str(text),
            Value::Sequence(items) => visitor.visit_seq(self.items(items)),
            Value::Mapping(entries) => visitor.visit_map(self.entries(entries, &[])),
        };
        self.located(result)
    }

    read_integer!(deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_i8 deserialize_i16
        deserialize_i32 deserialize_i64 deserialize_u128 deserialize_i128);

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        if self.is_damaged() {
            return self.stand_in().deserialize_f64(visitor);
        }
        let value = match &self.node.value {
            #[expect(clippy::cast_precision_loss, reason = "the field is a float")]
            Value::Number(Number::Integer(value), _) => *value as f64,
            Value::Number(Number::Float(value), _) => *value,
            _ => return self.unexpected("a number"),
        };
        if !value.is_finite() {
            return self.unexpected("a finite number");
        }
        self.located(visitor.visit_f64(value))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        if self.is_damaged() {
            return self.stand_in().deserialize_bool(visitor);
        }
        match &self.node.value {
            Value::Bool(value) => self.located(visitor.visit_bool(*value)),
            _ => self.unexpected("`true` or `false`"),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        if self.is_damaged() {
            return self.stand_in().deserialize_str(visitor);
        }
        match &self.node.value {
            Value::Text(text) => self.located(visitor.visit_str(text)),
            Value::Number(..) | Value::Bool(_) => self.unexpected("text (put it in quotes)"),
            _ => self.unexpected("text"),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        if self.is_damaged() || self.node.value == Value::Null {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        mut self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        if self.is_damaged() {
            return self.stand_in().deserialize_newtype_struct(name, visitor);
        }
        self.as_text = (self.repairs.stand_ins)(name).is_some();
        let (path, position) = (self.path.clone(), self.node.position.clone());
        visitor.visit_newtype_struct(self).map_err(|error| error.at(&path, &position))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        if self.is_damaged() {
            return self.stand_in().deserialize_seq(visitor);
        }
        match &self.node.value {
            Value::Sequence(items) => self.located(visitor.visit_seq(self.items(items))),
            _ => self.unexpected("a list"),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        if self.is_damaged() {
            return self.stand_in().deserialize_map(visitor);
        }
        match &self.node.value {
            Value::Mapping(entries) => self.located(visitor.visit_map(self.entries(entries, &[]))),
            _ => self.unexpected("a mapping"),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        if self.is_damaged() {
            return self.stand_in().deserialize_struct(name, fields, visitor);
        }
        match &self.node.value {
            Value::Mapping(entries) => self.located(visitor.visit_map(self.entries(entries, fields))),
            _ => self.unexpected("a mapping"),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        if self.is_damaged() {
            return self.stand_in().deserialize_enum(name, variants, visitor);
        }
        let result = match &self.node.value {
            Value::Text(variant) => visitor.visit_enum(Variant { reader: &self, name: variant, content: None }),
            Value::Mapping(entries) => match entries.as_slice() {
                [entry] => visitor.visit_enum(Variant { reader: &self, name: &entry.key, content: Some(entry) }),
                [] => return self.wrong(format!("is empty (expected one of {})", listed(variants))),
                [_, second, ..] => {
                    let message = format!("has {} keys (expected exactly one of {})", entries.len(), listed(variants));
                    return Err(ReadError::new(ErrorKind::Value, message).at(&self.path, &second.position));
                }
            },
            _ => return self.unexpected(&format!("one of {}", listed(variants))),
        };
        self.located(result)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! { char bytes byte_buf unit unit_struct tuple tuple_struct identifier }
}

/// The elements of a list.
struct Items<'a> {
    rest: std::iter::Enumerate<std::slice::Iter<'a, Node>>,
    path: FieldPathBuf,
    repairs: &'a Repairs,
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = ReadError;
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, ReadError> {
        let Some((index, node)) = self.rest.next() else { return Ok(None) };
        seed.deserialize(Reader { node, path: self.path.index(index), repairs: self.repairs, as_text: false }).map(Some)
    }
}

/// The entries of a mapping, then stand-ins for what is missing. `fields` is empty unless the mapping is a structure.
struct Entries<'a> {
    rest: std::slice::Iter<'a, Entry>,
    fields: std::slice::Iter<'static, &'static str>,
    current: Option<&'a Entry>,
    standing_in: FieldPathBuf,
    path: FieldPathBuf,
    repairs: &'a Repairs,
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = ReadError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, ReadError> {
        while let Some(entry) = self.rest.next() {
            let path = self.path.key(&entry.key);
            // A field without a value is one that is not given; a misspelt one is reported all the same.
            let is_absent = entry.value.value == Value::Null && self.fields.as_slice().contains(&entry.key.as_str());
            if self.repairs.unknown.contains(&path) || is_absent {
                continue;
            }
            self.current = Some(entry);
            let key: StrDeserializer<'_, ReadError> = entry.key.as_str().into_deserializer();
            return seed.deserialize(key).map(Some).map_err(|error| error.at(&self.path, &entry.position));
        }
        self.current = None;
        for field in self.fields.by_ref() {
            let path = self.path.key(field);
            if self.repairs.missing.contains(&path) {
                self.standing_in = path;
                let key: StrDeserializer<'_, ReadError> = (*field).into_deserializer();
                return seed.deserialize(key).map(Some);
            }
        }
        Ok(None)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, ReadError> {
        match self.current {
            Some(entry) => seed.deserialize(Reader {
                node: &entry.value,
                path: self.path.key(&entry.key),
                repairs: self.repairs,
                as_text: false,
            }),
            None => seed.deserialize(StandIn::new(self.standing_in.clone(), self.repairs.stand_ins)),
        }
    }
}

/// One form of a choice.
struct Variant<'a, 'b> {
    reader: &'b Reader<'a>,
    name: &'b str,
    content: Option<&'a Entry>,
}

impl<'de> EnumAccess<'de> for Variant<'_, '_> {
    type Error = ReadError;
    type Variant = Self;
    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), ReadError> {
        let name: StrDeserializer<'_, ReadError> = self.name.into_deserializer();
        let position = self.content.map_or(&self.reader.node.position, |entry| &entry.position);
        let variant = seed.deserialize(name).map_err(|error| error.at(&self.reader.path, position))?;
        Ok((variant, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_, '_> {
    type Error = ReadError;

    fn unit_variant(self) -> Result<(), ReadError> {
        match self.content {
            None => Ok(()),
            Some(_) => self.reader.wrong(format!("`{}` takes no value", self.name)),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, ReadError> {
        match self.content {
            Some(entry) => seed.deserialize(Reader {
                node: &entry.value,
                path: self.reader.path.key(&entry.key),
                repairs: self.reader.repairs,
                as_text: false,
            }),
            None => {
                self.reader.wrong(format!("`{0}` needs a value (expected a form such as `{{{0}: ...}}`)", self.name))
            }
        }
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, ReadError> {
        self.reader.wrong(format!("`{}` cannot be read", self.name))
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], _: V) -> Result<V::Value, ReadError> {
        self.reader.wrong(format!("`{}` cannot be read", self.name))
    }
}
