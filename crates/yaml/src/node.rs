//! The tree: what a document holds, as it was written.

use std::fmt;

/// One value of a document and where it stood.
///
/// Equality is about content; the place does not count.
#[derive(Clone, Debug, Eq)]
pub struct Node {
    /// What the value is.
    pub kind: Kind,
    /// Where it begins; for the content of an alias, where the anchor's content stands.
    pub mark: Mark,
}

/// The three kinds of value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text whose type is decided late, by [`Node::to_json`].
    Scalar(Scalar),
    /// Values in order.
    Sequence(Vec<Node>),
    /// Keys and values in the order of the file. Keys are nodes too, and `<<` is still an ordinary key.
    Mapping(Vec<(Node, Node)>),
}

/// A scalar as it was written, escapes and folding undone.
#[derive(Clone, PartialEq, Eq)]
pub struct Scalar {
    /// The text, before it has a type.
    pub text: String,
    /// How it was written. Only a plain scalar can read as something else than a string.
    pub style: Style,
    /// The tag in full, `tag:yaml.org,2002:int` for `!!int`, or with its `!` if it is a local one.
    pub tag: Option<Box<str>>,
}

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Style {
    /// Without quotes: the text decides the type.
    Plain,
    /// `'…'`
    SingleQuoted,
    /// `"…"`
    DoubleQuoted,
    /// `|`
    Literal,
    /// `>`
    Folded,
}

/// A place in the text. The default stands for a node that came from no text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mark {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

impl Node {
    /// A string of a style that keeps it one, without a place.
    pub fn string(text: impl Into<String>) -> Self {
        let text = text.into();
        let style = crate::emit::style_of_string(&text);
        Kind::Scalar(Scalar { text, style, tag: None }).into()
    }

    /// The value of the first key whose text is `key`, if this is a mapping. The key's style does not matter and
    /// merges are not followed.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|(name, _)| name.text() == Some(key)).map(|(_, value)| value)
    }

    /// As [`Node::get`], to be changed.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Self> {
        let Kind::Mapping(entries) = &mut self.kind else { return None };
        entries.iter_mut().find(|(name, _)| name.text() == Some(key)).map(|(_, value)| value)
    }

    /// The text, if this is a scalar.
    pub fn text(&self) -> Option<&str> {
        self.scalar().map(|scalar| scalar.text.as_str())
    }

    /// The scalar, if this is one.
    pub fn scalar(&self) -> Option<&Scalar> {
        if let Kind::Scalar(scalar) = &self.kind { Some(scalar) } else { None }
    }

    /// The values of a sequence; of anything else none.
    pub fn items(&self) -> &[Self] {
        if let Kind::Sequence(items) = &self.kind { items } else { &[] }
    }

    /// The keys and values of a mapping; of anything else none.
    pub fn entries(&self) -> &[(Self, Self)] {
        if let Kind::Mapping(entries) = &self.kind { entries } else { &[] }
    }

    /// Calls `visit` with each scalar of the tree in the order of the file, keys included, and stops at the first
    /// error. A plain scalar whose text is changed takes its type from the new text.
    ///
    /// # Errors
    /// Those of `visit`.
    pub fn scalars_mut<E>(
        &mut self,
        visit: &mut impl FnMut(&mut Scalar, Mark) -> Result<(), E>,
    ) -> Result<(), E> {
        match &mut self.kind {
            Kind::Scalar(scalar) => visit(scalar, self.mark),
            Kind::Sequence(items) => items.iter_mut().try_for_each(|item| item.scalars_mut(visit)),
            Kind::Mapping(entries) => entries.iter_mut().try_for_each(|(key, value)| {
                key.scalars_mut(visit)?;
                value.scalars_mut(visit)
            }),
        }
    }
}

impl From<Kind> for Node {
    /// A node without a place.
    fn from(kind: Kind) -> Self {
        Self { kind, mark: Mark::default() }
    }
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl fmt::Debug for Scalar {
    /// Without the text, for it may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scalar")
            .field("bytes", &self.text.len())
            .field("style", &self.style)
            .field("tag", &self.tag)
            .finish()
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str("in a generated document"),
            line => write!(f, "line {line}, column {}", self.column),
        }
    }
}
