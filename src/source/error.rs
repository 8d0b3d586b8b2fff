//! What can go wrong in this room.

use crate::model::{Classify, ErrorClass};

/// An error of this room.
#[derive(Debug, thiserror::Error)]
pub enum Error {}

impl Classify for Error {
    fn class(&self) -> ErrorClass {
        match *self {}
    }
    fn reason(&self) -> &'static str {
        match *self {}
    }
}
