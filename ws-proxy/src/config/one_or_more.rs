//! The values of a key that takes one or a list of them.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use super::values::InvalidValue;

/// The values of a key that takes one or a list of them.
#[derive(Clone, Debug)]
pub(super) struct OneOrMore<T>(pub(super) Vec<T>);

impl<'de, T: FromStr<Err = InvalidValue>> serde::Deserialize<'de> for OneOrMore<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor<T>(PhantomData<T>);

        impl<'de, T: FromStr<Err = InvalidValue>> serde::de::Visitor<'de> for Visitor<T> {
            type Value = Vec<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("one value or a list of them")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Vec<T>, E> {
                text.parse().map(|value| vec![value]).map_err(E::custom)
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                mut sequence: A,
            ) -> Result<Vec<T>, A::Error> {
                let mut values = Vec::new();
                while let Some(text) = sequence.next_element::<String>()? {
                    values.push(text.parse().map_err(serde::de::Error::custom)?);
                }
                if values.is_empty() {
                    let advice = "an empty list says nothing; leave the key out instead";
                    return Err(serde::de::Error::custom(advice));
                }
                Ok(values)
            }
        }

        deserializer.deserialize_any(Visitor(PhantomData)).map(Self)
    }
}
