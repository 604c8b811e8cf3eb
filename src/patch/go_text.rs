//! Values as Go prints them (`%v`, `%T`): merge keys are compared in this form, and error messages show it.

use serde_json::{Map, Number, Value};
use std::cmp::Ordering;

/// The Go type of a JSON object.
pub const MAP_TYPE: &str = "map[string]interface {}";
/// The Go type of a JSON list.
pub const LIST_TYPE: &str = "[]interface {}";

/// From this power of ten on, Go prints a float with an exponent (`fmt`, verb `%v`).
const EXPONENT_FROM: i32 = 21;
/// Below this power of ten it does so too.
const EXPONENT_BELOW: i32 = -4;

/// The Go type that a value has once it is decoded: whole numbers are `int64`, all others `float64`.
pub fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "%!s(<nil>)",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_i64() => "int64",
        Value::Number(_) => "float64",
        Value::String(_) => "string",
        Value::Array(_) => LIST_TYPE,
        Value::Object(_) => MAP_TYPE,
    }
}

/// Whether two values have one Go type.
pub fn same_type(left: &Value, right: &Value) -> bool {
    type_name(left) == type_name(right)
}

/// A value in the form of `%v`: `map[image:nginx ports:[80 443]]`, keys sorted.
pub fn value(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => self::number(number),
        Value::String(text) => text.clone(),
        Value::Array(items) => list(items),
        Value::Object(fields) => map(fields),
    }
}

/// A map in the form of `%v`.
pub fn map(fields: &Map<String, Value>) -> String {
    let mut sorted: Vec<(&String, &Value)> = fields.iter().collect();
    sorted.sort_unstable_by_key(|(key, _)| *key);
    let pairs: Vec<String> = sorted.iter().map(|(key, field)| format!("{key}:{}", value(field))).collect();
    format!("map[{}]", pairs.join(" "))
}

/// A list in the form of `%v`.
pub fn list(items: &[Value]) -> String {
    let items: Vec<String> = items.iter().map(value).collect();
    format!("[{}]", items.join(" "))
}

/// Several lists in the form of `%v`.
pub fn lists(lists: &[&[Value]]) -> String {
    let lists: Vec<String> = lists.iter().map(|items| list(items)).collect();
    format!("[{}]", lists.join(" "))
}

/// The order of two values by their text.
pub fn compare(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::String(left), Value::String(right)) => left.cmp(right),
        _ => value(left).cmp(&value(right)),
    }
}

fn number(number: &Number) -> String {
    let float = match number.as_f64() {
        Some(float) if !number.is_i64() => float,
        _ => return number.to_string(),
    };
    let scientific = format!("{float:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (EXPONENT_BELOW..EXPONENT_FROM).contains(&exponent) {
        return float.to_string();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_printed_as_go_prints_them() {
        let cases = [
            (json!({"b": [1, "x", null], "a": {"c": true}}), "map[a:map[c:true] b:[1 x <nil>]]"),
            (json!(0.5), "0.5"),
            (json!(2.0), "2"),
            (json!(1e21), "1e+21"),
            (json!(0.000_012), "1.2e-05"),
            (json!(-7), "-7"),
        ];
        for (shown, expected) in cases {
            assert_eq!(value(&shown), expected);
        }
    }
}
