//! Questions about a Kubernetes object, in the Common Expression Language: yes or no.
//!
//! # What
//! [`Expression::parse`] reads an expression, [`Expression::holds`] evaluates it on an object, whose fields are its variables:
//! `status.conditions.exists(c, c.type == "Ready" && c.status == "True")`.
//!
//! # Invariants
//! - Every evaluation ends: it takes at most [`MAX_STEPS`] steps, and so much memory at most. An expression is bounded too, in length
//!   and depth, so neither reading nor evaluating it can run out of stack.
//! - What is evaluated here, `cel-go` evaluates to the same, with the options that Flux uses for its health checks (among them
//!   comparisons between numbers of different types). What is not known here is refused when it is read, with its place.
//! - Pure: no clock, no input or output. A fault never quotes a value of the object, for that may be a secret.
//!
//! # What there is
//! Texts, numbers, booleans, `null`, lists, `.field`, `.?field`, `[index]`, `has()`, all operators, the conditional; the macros `all`,
//! `exists`, `exists_one`, `filter`, `map`; and the functions of `functions.rs`.
//!
//! # Not here
//! Mappings and messages that are written out, bytes, timestamps and durations (there is no clock to compare them with), regular
//! expressions, types as values.
//!
//! The crate `cel` is not used: it has no bound on an evaluation (three nested `all` over 300 items take minutes), reads whole numbers
//! of JSON as unsigned ones, which `cel-go` does not, and would take a megabyte of the binary.
//!
//! # Tests
//! Tables and laws in `tests.rs`; `tests/cel_go.rs` asks the real `cel-go`; `fuzz/fuzz_targets/cel.rs`.

mod ast;
mod error;
mod evaluate;
mod functions;
mod parse;
mod token;
mod value;
#[cfg(test)]
mod tests;

use ast::Node;
use serde_json::Value as Json;

pub use error::{Fault, ParseError};
pub use evaluate::MAX_STEPS;
pub use parse::{MAX_DEPTH, MAX_LENGTH};

/// An expression that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    root: Node,
}

impl Expression {
    /// Reads an expression.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        parse::parse(text).map(|root| Self { root })
    }

    /// Whether it holds for this object.
    pub fn holds(&self, object: &Json) -> Result<bool, Fault> {
        evaluate::holds(&self.root, object)
    }
}
