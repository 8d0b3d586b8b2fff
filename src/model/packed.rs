//! Text that is held for long and read seldom.

use std::borrow::Cow;

/// Shorter texts are held as they are, in bytes.
const LEAST: usize = 1024;

/// A text, packed (LZ4) where that saves a quarter or more of it. Definitions of custom resources, the largest of all manifests, take a
/// tenth.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Packed {
    Plain(Box<str>),
    Packed { length: usize, bytes: Box<[u8]> },
}

impl Packed {
    /// The whole text.
    pub(super) fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Plain(text) => Cow::Borrowed(text),
            Self::Packed { length, bytes } => {
                let unpacked = lz4_flex::block::decompress(bytes, *length)
                    .expect("because it was packed here, from as many bytes");
                Cow::Owned(String::from_utf8(unpacked).expect("because it was packed from a text"))
            }
        }
    }
}

impl From<String> for Packed {
    fn from(text: String) -> Self {
        if text.len() < LEAST {
            return Self::Plain(text.into());
        }
        let bytes = lz4_flex::block::compress(text.as_bytes());
        match bytes.len() <= text.len() / 4 * 3 {
            true => Self::Packed { length: text.len(), bytes: bytes.into() },
            false => Self::Plain(text.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Digest;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_text_is_what_it_was(part in ".{0,40}", times in 0usize..200) {
            let text = part.repeat(times);
            let packed = Packed::from(text.clone());
            prop_assert_eq!(packed.text(), text);
        }
    }

    #[test]
    fn what_says_the_same_again_and_again_is_packed_and_nothing_else_is() {
        let size = |text: String| match Packed::from(text) {
            Packed::Plain(_) => None,
            Packed::Packed { bytes, .. } => Some(bytes.len()),
        };
        assert!(size("description: the same\n".repeat(1000)).unwrap() < 500);
        assert_eq!(size("short".repeat(10)), None);
        let noise: Vec<String> = (0..40u32).map(|at| Digest::of(&at.to_be_bytes()).to_string()).collect();
        assert_eq!(size(noise.concat()), None);
    }
}
