//! Events to trees, under limits, with aliases replaced by copies of what they stand for.

use super::ambiguous::Context;
use crate::{Error, Kind, Limits, Mark, Node, Scalar, Style};
use granit_parser::{ScalarStyle, StructureStyle, Tag};
use std::borrow::Cow;
use std::collections::HashMap;

/// Makes trees of events. Its stack is the path of open collections, so that depth costs no call stack.
pub(super) struct Builder<'a> {
    limits: &'a Limits,
    nodes: usize,
    aliases: usize,
    copied: usize,
    open: Vec<Open>,
    /// Complete anchored nodes of this document by the reader's number for the anchor.
    anchors: HashMap<usize, (Node, Size)>,
    documents: Vec<Node>,
}

/// A collection whose end has not come yet.
struct Open {
    parts: Parts,
    style: StructureStyle,
    anchor: usize,
    mark: Mark,
}

/// What an open collection holds so far.
pub(super) enum Parts {
    Sequence(Vec<Node>),
    Mapping { entries: Vec<(Node, Node)>, key: Option<Node> },
}

#[derive(Clone, Copy, Default)]
struct Size {
    nodes: usize,
    depth: usize,
    bytes: usize,
}

/// The scalar of an event. The tag `!` says "a string", as quotes do.
pub(super) fn scalar(text: Cow<'_, str>, style: ScalarStyle, tag: Option<&Tag>) -> Scalar {
    let style = match style {
        ScalarStyle::Plain => Style::Plain,
        ScalarStyle::SingleQuoted => Style::SingleQuoted,
        ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
        ScalarStyle::Literal => Style::Literal,
        ScalarStyle::Folded => Style::Folded,
    };
    let tag = tag.map(|tag| {
        let (handle, suffix) = tag.parts();
        format!("{handle}{suffix}").into_boxed_str()
    });
    Scalar { text: text.into_owned(), style, tag }
}

impl<'a> Builder<'a> {
    pub(super) fn new(limits: &'a Limits) -> Self {
        Self {
            limits,
            nodes: 0,
            aliases: 0,
            copied: 0,
            open: Vec::new(),
            anchors: HashMap::new(),
            documents: Vec::new(),
        }
    }

    pub(super) fn limits(&self) -> &'a Limits {
        self.limits
    }

    pub(super) fn into_documents(self) -> Vec<Node> {
        self.documents
    }

    pub(super) fn scalar(&mut self, scalar: Scalar, anchor: usize, mark: Mark) -> Result<(), Error> {
        self.count(1, mark)?;
        self.place(Node { kind: Kind::Scalar(scalar), mark }, anchor)
    }

    pub(super) fn open(
        &mut self,
        parts: Parts,
        style: StructureStyle,
        anchor: usize,
        mark: Mark,
    ) -> Result<(), Error> {
        self.count(1, mark)?;
        self.descend(1, mark)?;
        self.open.push(Open { parts, style, anchor, mark });
        Ok(())
    }

    /// Where the next node stands.
    pub(super) fn context(&self) -> Context {
        match self.open.last().map(|open| open.style) {
            None => Context::Top,
            Some(StructureStyle::Block) => Context::Block,
            Some(StructureStyle::Flow) => Context::Brackets,
        }
    }

    pub(super) fn close(&mut self, mark: Mark) -> Result<(), Error> {
        let Some(Open { parts, anchor, mark, .. }) = self.open.pop() else {
            return Err(Error::Syntax { mark, problem: "an end without a beginning".into() });
        };
        // Most collections are small, and a vector begins with room for four.
        let kind = match parts {
            Parts::Sequence(mut items) => {
                items.shrink_to_fit();
                Kind::Sequence(items)
            }
            Parts::Mapping { mut entries, .. } => {
                entries.shrink_to_fit();
                Kind::Mapping(entries)
            }
        };
        self.place(Node { kind, mark }, anchor)
    }

    pub(super) fn alias(&mut self, anchor: usize, mark: Mark) -> Result<(), Error> {
        self.aliases += 1;
        if self.aliases > self.limits.aliases {
            return Err(Error::TooManyAliases { mark, limit: self.limits.aliases });
        }
        // The reader has refused unknown names, so one that is not complete is around us.
        let Some((_, size)) = self.anchors.get(&anchor) else { return Err(Error::AliasOfItself { mark }) };
        let size = *size;
        self.copy(size, mark)?;
        self.descend(size.depth, mark)?;
        let mut node = self.anchors[&anchor].0.clone();
        node.mark = mark;
        self.place(node, 0)
    }

    pub(super) fn end_document(&mut self) {
        self.anchors.clear();
        if self.documents.last().is_some_and(crate::resolve::is_null) {
            self.documents.pop();
        }
    }

    /// Puts a complete node where it belongs and keeps a copy if it has an anchor.
    fn place(&mut self, node: Node, anchor: usize) -> Result<(), Error> {
        if anchor != 0 {
            let size = size(&node);
            self.copy(size, node.mark)?;
            self.anchors.insert(anchor, (node.clone(), size));
        }
        match self.open.last_mut().map(|open| &mut open.parts) {
            None => self.documents.push(node),
            Some(Parts::Sequence(items)) => items.push(node),
            Some(Parts::Mapping { entries, key }) => match key.take() {
                None => *key = Some(node),
                Some(key) => entries.push((key, node)),
            },
        }
        Ok(())
    }

    /// Counts a copy before it is made.
    fn copy(&mut self, size: Size, mark: Mark) -> Result<(), Error> {
        self.count(size.nodes, mark)?;
        self.copied += size.bytes;
        if self.copied > self.limits.bytes {
            return Err(Error::AliasesTooLarge { mark, limit: self.limits.bytes });
        }
        Ok(())
    }

    fn count(&mut self, nodes: usize, mark: Mark) -> Result<(), Error> {
        self.nodes += nodes;
        if self.nodes > self.limits.nodes {
            return Err(Error::TooManyNodes { mark, limit: self.limits.nodes });
        }
        Ok(())
    }

    fn descend(&self, levels: usize, mark: Mark) -> Result<(), Error> {
        if self.open.len() + levels > self.limits.depth {
            return Err(Error::TooDeep { mark, limit: self.limits.depth });
        }
        Ok(())
    }
}

/// What a copy of this node takes. Its depth is within the limit, so recursion is safe.
fn size(node: &Node) -> Size {
    let around = |parts: Size| Size { nodes: parts.nodes + 1, depth: parts.depth + 1, ..parts };
    match &node.kind {
        Kind::Scalar(scalar) => {
            let tag = scalar.tag.as_deref().map_or(0, str::len);
            Size { nodes: 1, depth: 0, bytes: scalar.text.len() + tag }
        }
        Kind::Sequence(items) => around(items.iter().map(size).fold(Size::default(), Size::and)),
        Kind::Mapping(entries) => {
            let sizes = entries.iter().flat_map(|(key, value)| [size(key), size(value)]);
            around(sizes.fold(Size::default(), Size::and))
        }
    }
}

impl Parts {
    pub(super) fn sequence() -> Self {
        Self::Sequence(Vec::new())
    }

    pub(super) fn mapping() -> Self {
        Self::Mapping { entries: Vec::new(), key: None }
    }
}

impl Size {
    fn and(self, other: Self) -> Self {
        Self {
            nodes: self.nodes + other.nodes,
            depth: self.depth.max(other.depth),
            bytes: self.bytes + other.bytes,
        }
    }
}
