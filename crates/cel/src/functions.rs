//! The functions that there are.

use crate::Fault;
use crate::ast::Function;
use crate::value::{List, Value};
use std::rc::Rc;

/// Functions of a receiver: `text.contains("x")`.
const RECEIVERS: [(&str, Function); 10] = [
    ("size", Function::Size),
    ("contains", Function::Contains),
    ("startsWith", Function::StartsWith),
    ("endsWith", Function::EndsWith),
    ("lowerAscii", Function::LowerAscii),
    ("upperAscii", Function::UpperAscii),
    ("trim", Function::Trim),
    ("split", Function::Split),
    ("orValue", Function::OrValue),
    ("hasValue", Function::HasValue),
];

/// Functions by themselves: `size(list)`.
const GLOBALS: [(&str, Function); 7] = [
    ("size", Function::Size),
    ("int", Function::Int),
    ("uint", Function::Uint),
    ("double", Function::Double),
    ("string", Function::Text),
    ("bool", Function::Bool),
    ("dyn", Function::Dyn),
];

pub(crate) fn of_receiver(name: &str) -> Option<Function> {
    RECEIVERS.iter().find(|(known, _)| *known == name).map(|(_, function)| *function)
}

pub(crate) fn global(name: &str) -> Option<Function> {
    GLOBALS.iter().find(|(known, _)| *known == name).map(|(_, function)| *function)
}

pub(crate) fn names_of_receivers() -> impl Iterator<Item = &'static str> {
    RECEIVERS.iter().map(|(name, _)| *name)
}

pub(crate) fn names_of_globals() -> impl Iterator<Item = &'static str> {
    GLOBALS.iter().map(|(name, _)| *name)
}

/// How many values a function takes, its receiver among them.
pub(crate) fn arguments(function: Function) -> usize {
    match function {
        Function::Contains
        | Function::StartsWith
        | Function::EndsWith
        | Function::Split
        | Function::OrValue => 2,
        _ => 1,
    }
}

/// Calls a function with as many values as it takes.
pub(crate) fn call<'a>(
    function: Function,
    first: Value<'a>,
    second: Option<Value<'a>>,
) -> Result<Value<'a>, Fault> {
    use Value::{Bool, Double, Int, Optional, Text, Uint};
    let wrong = |value: &Value<'_>| Err(Fault::Type(format!("the function does not take {}", value.kind())));
    Ok(match (function, first, second) {
        (Function::Dyn, value, _) => value,
        (Function::Size, value, _) => Int(i64::try_from(size(&value)?).unwrap_or(i64::MAX)),
        (Function::Contains, Text(text), Some(Text(part))) => Bool(text.contains(&*part)),
        (Function::StartsWith, Text(text), Some(Text(part))) => Bool(text.starts_with(&*part)),
        (Function::EndsWith, Text(text), Some(Text(part))) => Bool(text.ends_with(&*part)),
        (Function::LowerAscii, Text(text), _) => Value::text(text.to_ascii_lowercase()),
        (Function::UpperAscii, Text(text), _) => Value::text(text.to_ascii_uppercase()),
        (Function::Trim, Text(text), _) => Value::text(text.trim().to_owned()),
        (Function::Split, Text(text), Some(Text(by))) => split(&text, &by),
        (Function::HasValue, Optional(value), _) => Bool(value.is_some()),
        (Function::OrValue, Optional(None), Some(otherwise)) => otherwise,
        (Function::Bool, Bool(value), _) => Bool(value),
        (Function::Bool, Text(text), _) => match &*text {
            "1" | "t" | "true" | "TRUE" | "True" => Bool(true),
            "0" | "f" | "false" | "FALSE" | "False" => Bool(false),
            _ => return Err(Fault::Type("the string is neither true nor false".to_owned())),
        },
        (Function::Text, Text(text), _) => Text(text),
        (Function::Text, Bool(value), _) => Value::text(value.to_string()),
        (Function::Text, Int(number), _) => Value::text(number.to_string()),
        (Function::Text, Uint(number), _) => Value::text(number.to_string()),
        (Function::Text, Double(number), _) => Value::text(double(number)),
        (Function::Int, Int(number), _) => Int(number),
        (Function::Int, Uint(number), _) => Int(i64::try_from(number).map_err(|_| TOO_LARGE)?),
        (Function::Int, Double(number), _) => Int(whole(number)?),
        (Function::Int, Text(text), _) => Int(text.parse().map_err(|_| NOT_A_NUMBER)?),
        (Function::Uint, Uint(number), _) => Uint(number),
        (Function::Uint, Int(number), _) => Uint(u64::try_from(number).map_err(|_| TOO_LARGE)?),
        (Function::Uint, Double(number), _) if number < 0.0 => return Err(TOO_LARGE),
        (Function::Uint, Double(number), _) => Uint(u64::try_from(whole(number)?).map_err(|_| TOO_LARGE)?),
        (Function::Uint, Text(text), _) => Uint(text.parse().map_err(|_| NOT_A_NUMBER)?),
        (Function::Double, Double(number), _) => Double(number),
        #[expect(clippy::cast_precision_loss, reason = "that is what a conversion to double does")]
        (Function::Double, Int(number), _) => Double(number as f64),
        #[expect(clippy::cast_precision_loss, reason = "that is what a conversion to double does")]
        (Function::Double, Uint(number), _) => Double(number as f64),
        (Function::Double, Text(text), _) => Double(text.parse().map_err(|_| NOT_A_NUMBER)?),
        (_, first, _) => return wrong(&first),
    })
}

const TOO_LARGE: Fault = Fault::Number("a number is too large or too small for its type");
const NOT_A_NUMBER: Fault = Fault::Number("a string is not a number");

fn size(value: &Value<'_>) -> Result<usize, Fault> {
    match value {
        Value::Text(text) => Ok(text.chars().count()),
        Value::List(list) => Ok(list.len()),
        Value::Map(map) => Ok(map.len()),
        value => Err(Fault::Type(format!("{} has no size", value.kind()))),
    }
}

/// Towards zero, as far as it fits.
fn whole(number: f64) -> Result<i64, Fault> {
    const BOUND: f64 = 9_223_372_036_854_775_808.0;
    if !number.is_finite() || number <= -BOUND || number >= BOUND {
        return Err(TOO_LARGE);
    }
    #[expect(clippy::cast_possible_truncation, reason = "it was checked")]
    Ok(number as i64)
}

/// The shortest text that reads back as the number, with an exponent where it has more than six digits before the point, or four
/// zeros behind it.
fn double(number: f64) -> String {
    if !number.is_finite() {
        return match number {
            number if number.is_nan() => "NaN".to_owned(),
            number if number > 0.0 => "+Inf".to_owned(),
            _ => "-Inf".to_owned(),
        };
    }
    let scientific = format!("{number:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    match exponent.parse::<i32>().unwrap_or_default() {
        -4..6 => number.to_string(),
        exponent => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", exponent.abs())
        }
    }
}

fn split<'a>(text: &str, by: &str) -> Value<'a> {
    let part = |part: &str| Value::text(part.to_owned());
    let parts: Vec<_> = match by {
        "" => text.chars().map(|letter| Value::text(letter.to_string())).collect(),
        by => text.split(by).map(part).collect(),
    };
    Value::List(List::Made(Rc::new(parts)))
}
