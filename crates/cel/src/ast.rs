//! An expression as a tree.

/// One node. Its depth is bounded by the reader, so walking it is safe.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    Literal(Literal),
    /// A variable: a field of the object at the top, or one that a macro binds.
    Name(String),
    List(Vec<Node>),
    /// `of.name`; with a `?`, what is not there is no fault.
    Field {
        of: Box<Node>,
        name: String,
        optional: bool,
    },
    /// `of[index]`.
    Index {
        of: Box<Node>,
        index: Box<Node>,
    },
    /// `has(of.name)`.
    Has {
        of: Box<Node>,
        name: String,
    },
    Not(Box<Node>),
    Negate(Box<Node>),
    Binary(Operator, Box<Node>, Box<Node>),
    /// `condition ? then : otherwise`.
    Choice(Box<Node>, Box<Node>, Box<Node>),
    Macro(Box<Macro>),
    /// A function, the receiver first if it has one.
    Call {
        function: Function,
        arguments: Vec<Node>,
    },
}

impl Node {
    /// The longest way down, counted without recursion: it is asked before anything walks down.
    pub(crate) fn depth(&self) -> usize {
        let (mut deepest, mut open) = (0, vec![(self, 1)]);
        while let Some((node, depth)) = open.pop() {
            deepest = deepest.max(depth);
            open.extend(node.parts().into_iter().map(|part| (part, depth + 1)));
        }
        deepest
    }

    fn parts(&self) -> Vec<&Node> {
        match self {
            Self::Literal(_) | Self::Name(_) => Vec::new(),
            Self::List(items) | Self::Call { arguments: items, .. } => items.iter().collect(),
            Self::Field { of, .. } | Self::Has { of, .. } | Self::Not(of) | Self::Negate(of) => vec![of],
            Self::Index { of, index } => vec![of, index],
            Self::Binary(_, left, right) => vec![left, right],
            Self::Choice(condition, then, otherwise) => vec![condition, then, otherwise],
            Self::Macro(of) => {
                [Some(&of.over), of.test.as_ref(), of.make.as_ref()].into_iter().flatten().collect()
            }
        }
    }
}

/// A value that is written out.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Literal {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Text(String),
}

/// What stands between two operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

/// A loop over the items of a list, or the keys of a mapping.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Macro {
    pub(crate) kind: MacroKind,
    pub(crate) over: Node,
    pub(crate) name: String,
    /// What is asked of each item; of `map` with three arguments, which items count.
    pub(crate) test: Option<Node>,
    /// What `map` makes of each item.
    pub(crate) make: Option<Node>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MacroKind {
    All,
    Exists,
    ExistsOne,
    Filter,
    Map,
}

/// A function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    Size,
    Contains,
    StartsWith,
    EndsWith,
    LowerAscii,
    UpperAscii,
    Trim,
    Split,
    Int,
    Uint,
    Double,
    Text,
    Bool,
    Dyn,
    OrValue,
    HasValue,
}
