//! Stand-ins for values that cannot be read, so that the rest of the document can be.

use super::super::field_path::FieldPathBuf;
use super::super::tree::Position;
use super::read_error::{ErrorKind, ReadError};
use serde::de::value::{MapDeserializer, SeqDeserializer, StrDeserializer};
use serde::de::{DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, VariantAccess, Visitor};
use serde::forward_to_deserialize_any;

/// Finds the text that stands in for a damaged scalar of a named type; `None` for types that are no such scalar.
pub type StandIns = fn(&str) -> Option<&'static str>;

/// Stands in for what cannot be read: gives every type a value that it takes.
pub(super) struct StandIn {
    path: FieldPathBuf,
    texts: StandIns,
}

impl StandIn {
    /// Stands in for the field at `path`.
    pub const fn new(path: FieldPathBuf, texts: StandIns) -> Self {
        Self { path, texts }
    }

    /// An error here is no mistake of the input: no stand-in fits, and the node above needs one.
    fn or_climb<T>(&self, result: Result<T, ReadError>) -> Result<T, ReadError> {
        result.map_err(|_| ReadError {
            kind: ErrorKind::StandIn,
            message: String::new(),
            hint: None,
            place: Some(Box::new((self.path.clone(), Position::default()))),
        })
    }
}

macro_rules! stand_in_number {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
            self.or_climb(visitor.visit_u64(1))
        })*
    };
}

impl<'de> Deserializer<'de> for StandIn {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.or_climb(visitor.visit_str("x"))
    }

    stand_in_number!(deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_i8 deserialize_i16
        deserialize_i32 deserialize_i64 deserialize_u128 deserialize_i128 deserialize_f32 deserialize_f64);

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.or_climb(visitor.visit_bool(false))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.or_climb(visitor.visit_none())
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        match (self.texts)(name) {
            Some(text) => {
                let text: StrDeserializer<'_, ReadError> = text.into_deserializer();
                self.or_climb(visitor.visit_newtype_struct(text))
            }
            None => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.or_climb(visitor.visit_seq(SeqDeserializer::new(std::iter::empty::<u8>())))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.or_climb(visitor.visit_map(MapDeserializer::new(std::iter::empty::<(&str, &str)>())))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.or_climb(visitor.visit_map(StandInFields { fields: fields.iter(), parent: &self, current: "" }))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        let variant = variants.first().copied().unwrap_or("");
        self.or_climb(visitor.visit_enum(StandInVariant(variant, StandIn::new(self.path.clone(), self.texts))))
    }

    forward_to_deserialize_any! { char str string bytes byte_buf unit unit_struct tuple tuple_struct identifier ignored_any }
}

/// Stand-ins for every field of a structure.
struct StandInFields<'a> {
    fields: std::slice::Iter<'static, &'static str>,
    parent: &'a StandIn,
    current: &'static str,
}

impl<'de> MapAccess<'de> for StandInFields<'_> {
    type Error = ReadError;
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, ReadError> {
        let Some(field) = self.fields.next() else { return Ok(None) };
        self.current = field;
        let key: StrDeserializer<'_, ReadError> = self.current.into_deserializer();
        seed.deserialize(key).map(Some)
    }
    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, ReadError> {
        seed.deserialize(StandIn::new(self.parent.path.key(self.current), self.parent.texts))
    }
}

/// A stand-in for a choice: its first form.
struct StandInVariant(&'static str, StandIn);

impl<'de> EnumAccess<'de> for StandInVariant {
    type Error = ReadError;
    type Variant = StandIn;
    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, StandIn), ReadError> {
        let name: StrDeserializer<'_, ReadError> = self.0.into_deserializer();
        Ok((seed.deserialize(name)?, self.1))
    }
}

impl<'de> VariantAccess<'de> for StandIn {
    type Error = ReadError;
    fn unit_variant(self) -> Result<(), ReadError> {
        Ok(())
    }
    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, ReadError> {
        seed.deserialize(self)
    }
    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_seq(visitor)
    }
    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.deserialize_struct("", fields, visitor)
    }
}
