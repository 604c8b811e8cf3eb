//! Scalars with a textual form, read through a named newtype, so that the reader of documents can put a stand-in where the
//! text is wrong and go on to the next mistake.

use serde::Deserializer;
use serde::de::{Unexpected, Visitor};
use std::fmt;
use std::marker::PhantomData;

/// A scalar that has a textual form.
pub(crate) trait Scalar: Sized {
    /// The type's name, by which the reader knows which stand-in fits.
    const NAME: &'static str;
    /// What is expected, for messages.
    const EXPECTED: &'static str;
    /// A text that is always valid.
    const STAND_IN: &'static str;
    /// Reads the text; the error is a whole lower-case fragment.
    fn read(text: &str) -> Result<Self, String>;
}

/// Reads a scalar from text or from a YAML number.
pub(super) fn deserialize_scalar<'de, T: Scalar, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    struct Text<T>(PhantomData<T>);
    impl<'de, T: Scalar> Visitor<'de> for Text<T> {
        type Value = T;
        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str(T::EXPECTED)
        }
        fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
            deserializer.deserialize_any(self)
        }
        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
            T::read(text).map_err(E::custom)
        }
        fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<T, E> {
            self.visit_str(&number.to_string())
        }
        fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<T, E> {
            self.visit_str(&number.to_string())
        }
        fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<T, E> {
            if number.is_finite() {
                self.visit_str(&number.to_string())
            } else {
                Err(E::invalid_value(Unexpected::Float(number), &self))
            }
        }
    }
    deserializer.deserialize_newtype_struct(T::NAME, Text(PhantomData))
}

macro_rules! scalar_serde {
    ($name:ident) => {
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserialize_scalar(deserializer)
            }
        }
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    };
}

pub(super) use scalar_serde;
