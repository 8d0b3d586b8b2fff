//! Words → tree.

use crate::ParseError;
use crate::ast::{Function, Literal, Macro, MacroKind, Node, Operator};
use crate::functions;
use crate::token::{Token, tokens};

/// Longest expression, in bytes.
pub const MAX_LENGTH: usize = 4096;
/// Deepest nesting, of brackets and of operators on each other.
pub const MAX_DEPTH: usize = 100;

/// Operators that bind alike, the loosest first.
const LEVELS: [&[(&str, Operator)]; 5] = [
    &[("||", Operator::Or)],
    &[("&&", Operator::And)],
    &[
        ("==", Operator::Equal),
        ("!=", Operator::NotEqual),
        ("<", Operator::Less),
        ("<=", Operator::LessOrEqual),
        (">", Operator::Greater),
        (">=", Operator::GreaterOrEqual),
        ("in", Operator::In),
    ],
    &[("+", Operator::Add), ("-", Operator::Subtract)],
    &[("*", Operator::Multiply), ("/", Operator::Divide), ("%", Operator::Remainder)],
];

/// Words that are no names of variables.
const RESERVED: [&str; 18] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "in",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

const MACROS: [(&str, MacroKind); 5] = [
    ("all", MacroKind::All),
    ("exists", MacroKind::Exists),
    ("exists_one", MacroKind::ExistsOne),
    ("filter", MacroKind::Filter),
    ("map", MacroKind::Map),
];

/// Reads a whole expression.
pub(crate) fn parse(text: &str) -> Result<Node, ParseError> {
    if text.len() > MAX_LENGTH {
        let what = format!("an expression may have {MAX_LENGTH} bytes at most: shorten it");
        return Err(ParseError { at: 1, what });
    }
    let mut parser = Parser { tokens: tokens(text)?, at: 0, depth: 0 };
    let root = parser.expression()?;
    match parser.token() {
        // Many operators in a row lie around each other too, so that what is flat to read may be deep.
        Token::End if root.depth() > MAX_DEPTH => {
            Err(ParseError { at: 1, what: "the expression is nested too deeply: make it flatter".to_owned() })
        }
        Token::End => Ok(root),
        _ => parser.wrong("the expression is over here: remove what follows, or put an operator between"),
    }
}

struct Parser {
    tokens: Vec<(usize, Token)>,
    at: usize,
    /// How deep the node under way lies.
    depth: usize,
}

impl Parser {
    fn token(&self) -> &Token {
        &self.tokens[self.at].1
    }

    fn is(&self, sign: &str) -> bool {
        match self.token() {
            Token::Sign(found) => *found == sign,
            Token::Name(name) => name == sign && sign == "in",
            _ => false,
        }
    }

    fn advance(&mut self) {
        self.at = (self.at + 1).min(self.tokens.len() - 1);
    }

    /// Takes a sign off if it is there.
    fn takes(&mut self, sign: &str) -> bool {
        let is = self.is(sign);
        if is {
            self.advance();
        }
        is
    }

    fn expect(&mut self, sign: &str) -> Result<(), ParseError> {
        if self.takes(sign) {
            return Ok(());
        }
        self.wrong(format!("there should be a `{sign}` here"))
    }

    fn wrong<T>(&self, what: impl Into<String>) -> Result<T, ParseError> {
        Err(ParseError { at: self.tokens[self.at].0, what: what.into() })
    }

    /// Goes one level deeper for as long as a part is read.
    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, ParseError>) -> Result<T, ParseError> {
        if self.depth >= MAX_DEPTH {
            return self.wrong("the expression is nested too deeply: make it flatter");
        }
        self.depth += 1;
        let part = read(self)?;
        self.depth -= 1;
        Ok(part)
    }

    fn expression(&mut self) -> Result<Node, ParseError> {
        self.deeper(|parser| {
            let condition = parser.level(0)?;
            if !parser.takes("?") {
                return Ok(condition);
            }
            let then = parser.level(0)?;
            parser.expect(":")?;
            let otherwise = parser.expression()?;
            Ok(Node::Choice(Box::new(condition), Box::new(then), Box::new(otherwise)))
        })
    }

    /// Operands with operators of one level between them.
    fn level(&mut self, level: usize) -> Result<Node, ParseError> {
        let Some(operators) = LEVELS.get(level) else { return self.unary() };
        let mut left = self.level(level + 1)?;
        while let Some((_, operator)) = operators.iter().find(|(sign, _)| self.is(sign)) {
            self.advance();
            let right = self.level(level + 1)?;
            left = Node::Binary(*operator, Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Node, ParseError> {
        if self.takes("!") {
            return self.deeper(|parser| Ok(Node::Not(Box::new(parser.unary()?))));
        }
        if !self.takes("-") {
            return self.member();
        }
        match self.token() {
            // The smallest whole number has no positive counterpart.
            Token::Int(number) if *number == i64::MIN.unsigned_abs() => {
                self.advance();
                self.postfix(Node::Literal(Literal::Int(i64::MIN)))
            }
            _ => self.deeper(|parser| Ok(Node::Negate(Box::new(parser.unary()?)))),
        }
    }

    fn member(&mut self) -> Result<Node, ParseError> {
        let first = self.primary()?;
        self.postfix(first)
    }

    /// What may follow a value: `.name`, `.?name`, `.name(…)`, `[…]`.
    fn postfix(&mut self, mut node: Node) -> Result<Node, ParseError> {
        loop {
            if self.takes("[") {
                node = self.item(node)?;
            } else if self.takes(".") {
                node = self.selected(node)?;
            } else if self.is("{") {
                return self.wrong("messages and mappings are not supported here");
            } else {
                return Ok(node);
            }
        }
    }

    fn item(&mut self, of: Node) -> Result<Node, ParseError> {
        if self.is("?") {
            return self.wrong("`[?…]` is not supported here: ask with size() first");
        }
        let index = self.expression()?;
        self.expect("]")?;
        Ok(Node::Index { of: Box::new(of), index: Box::new(index) })
    }

    fn selected(&mut self, of: Node) -> Result<Node, ParseError> {
        let optional = self.takes("?");
        let Token::Name(name) = self.token().clone() else {
            return self.wrong("there should be a field's name after the dot");
        };
        let place = self.at;
        self.advance();
        if optional || !self.is("(") {
            return Ok(Node::Field { of: Box::new(of), name, optional });
        }
        if let Some((_, kind)) = MACROS.iter().find(|(known, _)| *known == name) {
            return self.macro_of(*kind, of, place);
        }
        let Some(function) = functions::of_receiver(&name) else {
            self.at = place;
            return self.wrong(unknown(&name, functions::names_of_receivers()));
        };
        let arguments = self.arguments(vec![of])?;
        self.call(function, arguments, place)
    }

    /// `(name, test)`, of `map` also `(name, test, made)`.
    fn macro_of(&mut self, kind: MacroKind, over: Node, place: usize) -> Result<Node, ParseError> {
        self.expect("(")?;
        let Token::Name(name) = self.token().clone() else {
            return self.wrong("there should be a name for each item here, such as `c`");
        };
        if RESERVED.contains(&name.as_str()) {
            return self.wrong(format!("{name} is a word of the language: take another name"));
        }
        self.advance();
        let mut parts = Vec::new();
        while self.takes(",") {
            parts.push(self.expression()?);
        }
        self.expect(")")?;
        let mut parts = parts.into_iter();
        let (test, make) = match (kind, parts.next(), parts.next(), parts.next()) {
            (MacroKind::Map, Some(make), None, None) => (None, Some(make)),
            (MacroKind::Map, Some(test), Some(make), None) => (Some(test), Some(make)),
            (MacroKind::Map, ..) => {
                self.at = place;
                return self.wrong(
                    "map takes a name and what to make of each item, and may take a test between them",
                );
            }
            (_, Some(test), None, None) => (Some(test), None),
            _ => {
                self.at = place;
                return self.wrong("this takes a name and what is asked of each item");
            }
        };
        Ok(Node::Macro(Box::new(Macro { kind, over, name, test, make })))
    }

    /// The rest of a call, from its opening bracket on.
    fn arguments(&mut self, mut arguments: Vec<Node>) -> Result<Vec<Node>, ParseError> {
        self.expect("(")?;
        while !self.takes(")") {
            arguments.push(self.expression()?);
            if !self.is(")") {
                self.expect(",")?;
            }
        }
        Ok(arguments)
    }

    fn call(&mut self, function: Function, arguments: Vec<Node>, place: usize) -> Result<Node, ParseError> {
        let count = functions::arguments(function);
        if arguments.len() != count {
            self.at = place;
            return self.wrong(format!("it takes {count} values, what stands before the dot among them"));
        }
        Ok(Node::Call { function, arguments })
    }

    fn primary(&mut self) -> Result<Node, ParseError> {
        let place = self.at;
        let token = self.token().clone();
        self.advance();
        let literal = match token {
            Token::Int(number) => match i64::try_from(number) {
                Ok(number) => Literal::Int(number),
                Err(_) => return self.at(place, "this number is too large: write it with a `u`, or as 1e19"),
            },
            Token::Uint(number) => Literal::Uint(number),
            Token::Double(number) => Literal::Double(number),
            Token::Text(text) => Literal::Text(text),
            Token::Name(name) => return self.named(name, place),
            Token::Sign("(") => {
                let inside = self.expression()?;
                self.expect(")")?;
                return Ok(inside);
            }
            Token::Sign("[") => return self.list(),
            Token::Sign("{") => return self.at(place, "messages and mappings are not supported here"),
            Token::Sign(_) | Token::End => return self.at(place, "there should be a value here"),
        };
        Ok(Node::Literal(literal))
    }

    fn at<T>(&mut self, place: usize, what: &str) -> Result<T, ParseError> {
        self.at = place;
        self.wrong(what)
    }

    fn list(&mut self) -> Result<Node, ParseError> {
        let mut items = Vec::new();
        while !self.takes("]") {
            items.push(self.expression()?);
            if !self.is("]") {
                self.expect(",")?;
            }
        }
        Ok(Node::List(items))
    }

    fn named(&mut self, name: String, place: usize) -> Result<Node, ParseError> {
        match name.as_str() {
            "true" | "false" => return Ok(Node::Literal(Literal::Bool(name == "true"))),
            "null" => return Ok(Node::Literal(Literal::Null)),
            "has" if self.is("(") => return self.has(),
            _ => {}
        }
        if RESERVED.contains(&name.as_str()) {
            self.at = place;
            return self.wrong(format!("{name} is a word of the language, and no variable"));
        }
        if !self.is("(") {
            return Ok(Node::Name(name));
        }
        let Some(function) = functions::global(&name) else {
            self.at = place;
            return self.wrong(unknown(&name, functions::names_of_globals()));
        };
        let arguments = self.arguments(Vec::new())?;
        self.call(function, arguments, place)
    }

    fn has(&mut self) -> Result<Node, ParseError> {
        let place = self.at + 1;
        match self.arguments(Vec::new())?.pop() {
            Some(Node::Field { of, name, optional: false }) => Ok(Node::Has { of, name }),
            _ => self.at(place, "has() takes a field, such as has(status.observedGeneration)"),
        }
    }
}

fn unknown(name: &str, known: impl Iterator<Item = &'static str>) -> String {
    let known: Vec<_> = known.collect();
    format!("there is no function {name} here, only {}", known.join(", "))
}
