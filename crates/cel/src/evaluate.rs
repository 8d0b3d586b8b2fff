//! Evaluates a tree on an object, step by step, and no further than the steps reach.

use crate::Fault;
use crate::ast::{Function, Literal, Macro, MacroKind, Node, Operator};
use crate::functions;
use crate::value::{List, Value};
use serde_json::{Map, Value as Json};
use std::cmp::Ordering;
use std::rc::Rc;

/// Most steps of one evaluation: each value that is looked at is one, and long ones are more. It is some milliseconds on a small
/// machine.
pub const MAX_STEPS: u32 = 100_000;

/// Whether an expression holds for an object.
pub(crate) fn holds(root: &Node, object: &Json) -> Result<bool, Fault> {
    let empty = Map::new();
    let variables = object.as_object().unwrap_or(&empty);
    let mut machine = Machine { variables, bound: Vec::new(), steps: 0 };
    match machine.value(root)? {
        Value::Bool(holds) => Ok(holds),
        value => Err(Fault::NotABool(value.kind())),
    }
}

struct Machine<'a> {
    /// The object's fields.
    variables: &'a Map<String, Json>,
    /// What macros bind, the innermost last.
    bound: Vec<(&'a str, Value<'a>)>,
    steps: u32,
}

impl<'a> Machine<'a> {
    fn step(&mut self, weight: u32) -> Result<(), Fault> {
        self.steps = self.steps.saturating_add(1).saturating_add(weight);
        if self.steps > MAX_STEPS { Err(Fault::TooLong(MAX_STEPS)) } else { Ok(()) }
    }

    fn value(&mut self, node: &'a Node) -> Result<Value<'a>, Fault> {
        self.step(0)?;
        match node {
            Node::Literal(literal) => Ok(of_literal(literal)),
            Node::Name(name) => self.variable(name),
            Node::List(items) => {
                let items: Vec<_> = items.iter().map(|item| self.value(item)).collect::<Result<_, _>>()?;
                Ok(Value::List(List::Made(Rc::new(items))))
            }
            Node::Field { of, name, optional } => self.field(of, name, *optional),
            Node::Index { of, index } => self.item(of, index),
            Node::Has { of, name } => Ok(Value::Bool(match self.value(of)? {
                Value::Map(map) => map.contains_key(name),
                Value::Optional(value) => {
                    matches!(value.as_deref(), Some(Value::Map(map)) if map.contains_key(name))
                }
                value @ Value::List(_) => return Err(no_fields(&value)),
                _ => false,
            })),
            Node::Not(inner) => match self.value(inner)? {
                Value::Bool(value) => Ok(Value::Bool(!value)),
                value => Err(Fault::Type(format!("`!` does not take {}", value.kind()))),
            },
            Node::Negate(inner) => negate(&self.value(inner)?),
            Node::Binary(Operator::Or, left, right) => self.either(left, right, true),
            Node::Binary(Operator::And, left, right) => self.either(left, right, false),
            Node::Binary(operator, left, right) => {
                let (left, right) = (self.value(left)?, self.value(right)?);
                self.binary(*operator, &left, &right)
            }
            Node::Choice(condition, then, otherwise) => match self.value(condition)? {
                Value::Bool(true) => self.value(then),
                Value::Bool(false) => self.value(otherwise),
                value => Err(Fault::Type(format!("`?` does not take {} before it", value.kind()))),
            },
            Node::Macro(of) => self.macro_of(of),
            Node::Call { function, arguments } => self.call(*function, arguments),
        }
    }

    fn variable(&self, name: &str) -> Result<Value<'a>, Fault> {
        if let Some((_, value)) = self.bound.iter().rev().find(|(bound, _)| *bound == name) {
            return Ok(value.clone());
        }
        self.variables.get(name).map(Value::from).ok_or_else(|| Fault::NoField(name.to_owned()))
    }

    fn field(&mut self, of: &'a Node, name: &str, optional: bool) -> Result<Value<'a>, Fault> {
        let (value, is_optional) = match self.value(of)? {
            Value::Optional(None) => return Ok(Value::Optional(None)),
            Value::Optional(Some(value)) => ((*value).clone(), true),
            value => (value, optional),
        };
        let found = match &value {
            Value::Map(map) => map.get(name).map(Value::from),
            value @ Value::List(_) => return Err(no_fields(value)),
            _ if is_optional => None,
            value => return Err(no_fields(value)),
        };
        if is_optional {
            return Ok(Value::Optional(found.map(Rc::new)));
        }
        found.ok_or_else(|| Fault::NoField(name.to_owned()))
    }

    fn item(&mut self, of: &'a Node, index_node: &'a Node) -> Result<Value<'a>, Fault> {
        let of = self.value(of)?;
        let index = self.value(index_node)?;
        match of {
            Value::Optional(None) => Ok(Value::Optional(None)),
            Value::Optional(Some(value)) => Ok(Value::Optional(match item(&value, &index) {
                Ok(found) => found.map(Rc::new),
                Err(_) if !matches!(*value, Value::Map(_) | Value::List(_)) => None,
                Err(fault) => return Err(fault),
            })),
            of => item(&of, &index)?.ok_or_else(|| match index_node {
                Node::Literal(Literal::Text(key)) => Fault::NoField(key.clone()),
                _ => Fault::NoItem,
            }),
        }
    }

    /// `||` and `&&`: the side that decides does so even where the other one has no answer.
    fn either(&mut self, left: &'a Node, right: &'a Node, decides: bool) -> Result<Value<'a>, Fault> {
        let left = self.decision(left);
        if left == Ok(decides) || matches!(left, Err(Fault::TooLong(_))) {
            return left.map(Value::Bool);
        }
        let right = self.decision(right);
        match (left, right) {
            (_, Ok(right)) if right == decides => Ok(Value::Bool(decides)),
            (Err(fault), _) | (_, Err(fault)) => Err(fault),
            _ => Ok(Value::Bool(!decides)),
        }
    }

    fn decision(&mut self, node: &'a Node) -> Result<bool, Fault> {
        match self.value(node)? {
            Value::Bool(value) => Ok(value),
            value => Err(Fault::Type(format!("there should be a bool, not {}", value.kind()))),
        }
    }

    fn binary(
        &mut self,
        operator: Operator,
        left: &Value<'a>,
        right: &Value<'a>,
    ) -> Result<Value<'a>, Fault> {
        if !matches!(operator, Operator::Equal | Operator::NotEqual | Operator::In) {
            self.step(left.weight().saturating_add(right.weight()))?;
        }
        let ordered = |fits: fn(Ordering) -> bool| Ok(Value::Bool(left.order(right)?.is_some_and(fits)));
        match operator {
            Operator::Equal => Ok(Value::Bool(left.equals(right, &mut |weight| self.step(weight))?)),
            Operator::NotEqual => Ok(Value::Bool(!left.equals(right, &mut |weight| self.step(weight))?)),
            Operator::Less => ordered(Ordering::is_lt),
            Operator::LessOrEqual => ordered(Ordering::is_le),
            Operator::Greater => ordered(Ordering::is_gt),
            Operator::GreaterOrEqual => ordered(Ordering::is_ge),
            Operator::In => self.is_in(left, right),
            _ => arithmetic(operator, left, right),
        }
    }

    fn is_in(&mut self, item: &Value<'a>, of: &Value<'a>) -> Result<Value<'a>, Fault> {
        let list = match (of, item) {
            (Value::Map(map), Value::Text(key)) => return Ok(Value::Bool(map.contains_key(&**key))),
            (Value::Map(_), _) => return Ok(Value::Bool(false)),
            (Value::List(list), _) => list,
            (of, _) => return Err(Fault::Type(format!("`in` does not take {} behind it", of.kind()))),
        };
        for other in list.items() {
            if item.equals(&other, &mut |weight| self.step(weight))? {
                return Ok(Value::Bool(true));
            }
        }
        Ok(Value::Bool(false))
    }

    fn call(&mut self, function: Function, arguments: &'a [Node]) -> Result<Value<'a>, Fault> {
        let mut arguments = arguments.iter();
        let first = arguments.next().map(|argument| self.value(argument)).transpose()?;
        // What stands in for something is looked at only where that is missing.
        if let (Function::OrValue, Some(Value::Optional(Some(value)))) = (function, &first) {
            return Ok((**value).clone());
        }
        let second = arguments.next().map(|argument| self.value(argument)).transpose()?;
        let weight = [&first, &second].into_iter().flatten().map(Value::weight).sum();
        self.step(weight)?;
        let first = first.ok_or(Fault::Number("a function without a value"))?;
        let value = functions::call(function, first, second)?;
        self.step(value.weight())?;
        Ok(value)
    }

    fn macro_of(&mut self, of: &'a Macro) -> Result<Value<'a>, Fault> {
        let over = self.value(&of.over)?;
        let keys = match &over {
            Value::Map(map) => Some(map.keys().map(|key| Value::text(key.as_str())).collect::<Vec<_>>()),
            Value::List(_) => None,
            value => return Err(Fault::Type(format!("{} has no items to look at", value.kind()))),
        };
        let list = match (keys, over) {
            (Some(keys), _) => List::Made(Rc::new(keys)),
            (None, Value::List(list)) => list,
            (None, _) => List::Json(&[]),
        };
        let mut sum = Sum::new(of.kind);
        for item in list.items() {
            self.step(0)?;
            self.bound.push((&of.name, item.clone()));
            let looked = self.look(of, item);
            self.bound.pop();
            if matches!(looked, Err(Fault::TooLong(_))) || sum.add(looked) {
                break;
            }
        }
        if self.steps > MAX_STEPS {
            return Err(Fault::TooLong(MAX_STEPS));
        }
        sum.value()
    }

    /// What is asked of one item, and what it gives.
    fn look(&mut self, of: &'a Macro, item: Value<'a>) -> Result<(bool, Value<'a>), Fault> {
        let holds = of.test.as_ref().map_or(Ok(true), |test| self.decision(test))?;
        match &of.make {
            Some(make) if holds => Ok((true, self.value(make)?)),
            _ => Ok((holds, item)),
        }
    }
}

/// What the items of a macro come to so far.
struct Sum<'a> {
    kind: MacroKind,
    items: Vec<Value<'a>>,
    count: usize,
    fault: Option<Fault>,
    is_decided: bool,
}

impl<'a> Sum<'a> {
    fn new(kind: MacroKind) -> Self {
        Self { kind, items: Vec::new(), count: 0, fault: None, is_decided: false }
    }

    /// Counts an item in; answers whether the rest does not matter.
    fn add(&mut self, looked: Result<(bool, Value<'a>), Fault>) -> bool {
        let (holds, value) = match looked {
            Ok(looked) => looked,
            Err(fault) => {
                self.fault.get_or_insert(fault);
                // One item that decides may still come, but for these.
                return !matches!(self.kind, MacroKind::All | MacroKind::Exists);
            }
        };
        self.count += usize::from(holds);
        self.is_decided = match self.kind {
            MacroKind::All => !holds,
            MacroKind::Exists => holds,
            _ => false,
        };
        if holds && matches!(self.kind, MacroKind::Filter | MacroKind::Map) {
            self.items.push(value);
        }
        self.is_decided
    }

    fn value(self) -> Result<Value<'a>, Fault> {
        match (self.kind, self.fault) {
            (MacroKind::All, _) if self.is_decided => Ok(Value::Bool(false)),
            (MacroKind::Exists, _) if self.is_decided => Ok(Value::Bool(true)),
            (_, Some(fault)) => Err(fault),
            (MacroKind::All, None) => Ok(Value::Bool(true)),
            (MacroKind::Exists, None) => Ok(Value::Bool(false)),
            (MacroKind::ExistsOne, None) => Ok(Value::Bool(self.count == 1)),
            (MacroKind::Filter | MacroKind::Map, None) => Ok(Value::List(List::Made(Rc::new(self.items)))),
        }
    }
}

fn of_literal(literal: &Literal) -> Value<'_> {
    match literal {
        Literal::Null => Value::Null,
        Literal::Bool(value) => Value::Bool(*value),
        Literal::Int(number) => Value::Int(*number),
        Literal::Uint(number) => Value::Uint(*number),
        Literal::Double(number) => Value::Double(*number),
        Literal::Text(text) => Value::text(text.as_str()),
    }
}

/// An item of a list or a mapping, if it is there.
fn item<'a>(of: &Value<'a>, index: &Value<'a>) -> Result<Option<Value<'a>>, Fault> {
    match (of, index) {
        (Value::Map(map), Value::Text(key)) => Ok(map.get(&**key).map(Value::from)),
        (Value::List(list), index) => {
            let index = whole_index(index)?;
            Ok(usize::try_from(index).ok().and_then(|index| list.get(index)))
        }
        (of, index) => Err(Fault::Type(format!("{} has no item by {}", of.kind(), index.kind()))),
    }
}

fn no_fields(value: &Value<'_>) -> Fault {
    Fault::Type(format!("{} has no fields", value.kind()))
}

/// A number that can be an index: whole, of whatever type.
fn whole_index(index: &Value<'_>) -> Result<i64, Fault> {
    let none = || Fault::Type(format!("a list has no item by {}", index.kind()));
    match index {
        Value::Int(index) => Ok(*index),
        Value::Uint(index) => Ok(i64::try_from(*index).unwrap_or(i64::MAX)),
        Value::Double(index) if index.fract() == 0.0 && index.abs() < 1e15 =>
        {
            #[expect(clippy::cast_possible_truncation, reason = "it was checked")]
            Ok(*index as i64)
        }
        _ => Err(none()),
    }
}

fn negate<'a>(value: &Value<'a>) -> Result<Value<'a>, Fault> {
    match value {
        Value::Int(number) => number.checked_neg().map(Value::Int).ok_or(OVERFLOW),
        Value::Double(number) => Ok(Value::Double(-number)),
        value => Err(Fault::Type(format!("`-` does not take {}", value.kind()))),
    }
}

const OVERFLOW: Fault = Fault::Number("a number is too large for its type");
const BY_ZERO: Fault = Fault::Number("a division by zero");

fn arithmetic<'a>(operator: Operator, left: &Value<'a>, right: &Value<'a>) -> Result<Value<'a>, Fault> {
    use Operator::{Add, Divide, Multiply, Remainder, Subtract};
    use Value::{Double, Int, Uint};
    if let (Divide | Remainder, Int(0) | Uint(0)) = (operator, right)
        && matches!((left, right), (Int(_), Int(_)) | (Uint(_), Uint(_)))
    {
        return Err(BY_ZERO);
    }
    let int = |number: Option<i64>| number.map(Int).ok_or(OVERFLOW);
    let uint = |number: Option<u64>| number.map(Uint).ok_or(OVERFLOW);
    match (operator, left, right) {
        (Add, Int(a), Int(b)) => int(a.checked_add(*b)),
        (Subtract, Int(a), Int(b)) => int(a.checked_sub(*b)),
        (Multiply, Int(a), Int(b)) => int(a.checked_mul(*b)),
        (Divide, Int(a), Int(b)) => int(a.checked_div(*b)),
        (Remainder, Int(a), Int(b)) => int(a.checked_rem(*b)),
        (Add, Uint(a), Uint(b)) => uint(a.checked_add(*b)),
        (Subtract, Uint(a), Uint(b)) => uint(a.checked_sub(*b)),
        (Multiply, Uint(a), Uint(b)) => uint(a.checked_mul(*b)),
        (Divide, Uint(a), Uint(b)) => uint(a.checked_div(*b)),
        (Remainder, Uint(a), Uint(b)) => uint(a.checked_rem(*b)),
        (Add, Double(a), Double(b)) => Ok(Double(a + b)),
        (Subtract, Double(a), Double(b)) => Ok(Double(a - b)),
        (Multiply, Double(a), Double(b)) => Ok(Double(a * b)),
        (Divide, Double(a), Double(b)) => Ok(Double(a / b)),
        (Add, Value::Text(a), Value::Text(b)) => Ok(Value::text(format!("{a}{b}"))),
        (Add, Value::List(a), Value::List(b)) => {
            Ok(Value::List(List::Made(Rc::new(a.items().chain(b.items()).collect()))))
        }
        (_, left, right) => {
            Err(Fault::Type(format!("{} and {} do not go together here", left.kind(), right.kind())))
        }
    }
}
