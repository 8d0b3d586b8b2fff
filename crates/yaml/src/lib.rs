//! YAML as Kubernetes reads it.
//!
//! # What
//! - [`parse_documents`] turns the text of a manifest file into [`Node`] trees. A node keeps each scalar's
//!   text, style and place, so that values can be put in first ([`Node::scalars_mut`]) and types decided after.
//! - [`Node::to_json`] gives each value the type that `kubectl apply` would send: `on` is true, `0644` is 420,
//!   `1_000` is 1000, `12:30` is a string, `<<` merges.
//! - [`emit`] writes trees as YAML, [`Node::from_json`] makes a tree of a JSON value.
//!
//! # Invariants
//! - [`Limits`] hold before memory is taken: bytes, nodes, depth and alias expansions.
//! - What is read gives the JSON that kubectl gives, or an error with a place. Two keys that read as the same
//!   one are an error here, where kubectl lets the last win.
//! - What [`emit`] writes reads back as the same tree and the same JSON.
//! - Neither an error nor `Debug` output holds the text of a value, for that may be a secret. Keys may be shown.
//!
//! # Where kubectl is not followed
//! - The grammar is YAML 1.2's. It takes some files that kubectl refuses (directives, content after `---`, tabs in
//!   more places). Spellings that both take but read differently are refused with the way out.
//! - A document after `...` without `---` is read; kubectl drops it without a word.
//! - Lines behind the JSON objects that a file begins with are YAML, as for the newest kubectl.
//! - A key of more than 1024 characters needs a `?`, in JSON too; so does DEL in JSON need an escape.
//! - Half of a surrogate pair in a `"\u…"` escape is an error; kubectl puts U+FFFD.
//!
//! # Not here
//! Comments, anchors' names and tags of collections are not kept. Aliases are replaced by what they stand for.
//!
//! # Tests
//! `tests/kubectl.rs` compares with the real kubectl, `tests/laws.rs` holds the laws of reading and writing,
//! and each module's `tests.rs` has its tables. `fuzz/fuzz_targets/yaml.rs` throws bytes at all of it.

mod error;
mod limits;
mod node;
mod parse;
mod resolve;
mod json;
mod emit;

pub use emit::emit;
pub use error::Error;
pub use limits::Limits;
pub use node::{Kind, Mark, Node, Scalar, Style};
pub use parse::parse_documents;
