//! The words of an expression.

use crate::ParseError;

/// One word.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token {
    Name(String),
    Int(u64),
    Uint(u64),
    Double(f64),
    Text(String),
    /// An operator, a bracket, a comma.
    Sign(&'static str),
    End,
}

/// Signs, those that another begins with after it.
const SIGNS: [&str; 24] = [
    "||", "&&", "==", "!=", "<=", ">=", "<", ">", "!", "+", "-", "*", "/", "%", "?", ":", ",", ".", "(", ")",
    "[", "]", "{", "}",
];

/// The words with their places, from 1; the last one is [`Token::End`].
pub(crate) fn tokens(text: &str) -> Result<Vec<(usize, Token)>, ParseError> {
    let mut reader = Reader { chars: text.chars().collect(), at: 0 };
    let mut tokens = Vec::new();
    loop {
        reader.skip_space();
        let place = reader.at + 1;
        let token = reader.next()?;
        let is_end = token == Token::End;
        tokens.push((place, token));
        if is_end {
            return Ok(tokens);
        }
    }
}

struct Reader {
    chars: Vec<char>,
    at: usize,
}

impl Reader {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn wrong<T>(&self, what: impl Into<String>) -> Result<T, ParseError> {
        Err(ParseError { at: self.at + 1, what: what.into() })
    }

    /// Takes characters off as long as they fit.
    fn take(&mut self, fits: impl Fn(char) -> bool) -> String {
        let taken: String = self.chars[self.at..].iter().take_while(|c| fits(**c)).collect();
        self.at += taken.chars().count();
        taken
    }

    fn skip_space(&mut self) {
        loop {
            self.take(|c| matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{c}'));
            if self.peek(0) != Some('/') || self.peek(1) != Some('/') {
                return;
            }
            self.take(|c| c != '\n');
        }
    }

    fn next(&mut self) -> Result<Token, ParseError> {
        let Some(first) = self.peek(0) else { return Ok(Token::End) };
        if first == '"' || first == '\'' {
            return self.text(false);
        }
        if first.is_ascii_alphabetic() || first == '_' {
            return self.name();
        }
        if first.is_ascii_digit() || first == '.' && self.peek(1).is_some_and(|c| c.is_ascii_digit()) {
            return self.number();
        }
        let rest: String = self.chars[self.at..].iter().take(2).collect();
        match SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
            Some(sign) => {
                self.at += sign.len();
                Ok(Token::Sign(sign))
            }
            None => self.wrong(format!("{first:?} means nothing here: remove it, or put it in quotes")),
        }
    }

    fn name(&mut self) -> Result<Token, ParseError> {
        let begin = self.at;
        let name = self.take(|c| c.is_ascii_alphanumeric() || c == '_');
        if self.peek(0).is_some_and(|c| c == '"' || c == '\'') {
            match name.to_ascii_lowercase().as_str() {
                "r" => return self.text(true),
                "b" | "br" | "rb" => {
                    self.at = begin;
                    return self.wrong("bytes are not supported here: take a text");
                }
                _ => {}
            }
        }
        Ok(Token::Name(name))
    }

    fn number(&mut self) -> Result<Token, ParseError> {
        let begin = self.at;
        if self.peek(0) == Some('0') && matches!(self.peek(1), Some('x' | 'X')) {
            self.at += 2;
            let digits = self.take(|c| c.is_ascii_hexdigit());
            return self.whole(begin, u64::from_str_radix(&digits, 16).ok());
        }
        let mut text = self.take(|c| c.is_ascii_digit());
        let mut is_double = false;
        if self.peek(0) == Some('.') && self.peek(1).is_some_and(|c| c.is_ascii_digit()) {
            self.at += 1;
            text = format!("{text}.{}", self.take(|c| c.is_ascii_digit()));
            is_double = true;
        }
        if matches!(self.peek(0), Some('e' | 'E')) {
            let sign = usize::from(matches!(self.peek(1), Some('+' | '-')));
            if self.peek(1 + sign).is_some_and(|c| c.is_ascii_digit()) {
                let exponent: String = self.chars[self.at..=self.at + sign].iter().collect();
                self.at += 1 + sign;
                text = format!("{text}{exponent}{}", self.take(|c| c.is_ascii_digit()));
                is_double = true;
            }
        }
        if !is_double {
            return self.whole(begin, text.parse().ok());
        }
        match text.parse::<f64>().ok().filter(|number| number.is_finite()) {
            Some(number) => self.ended(begin, Token::Double(number)),
            None => self.too_large(begin),
        }
    }

    fn whole(&mut self, begin: usize, number: Option<u64>) -> Result<Token, ParseError> {
        let Some(number) = number else { return self.too_large(begin) };
        if matches!(self.peek(0), Some('u' | 'U')) {
            self.at += 1;
            return self.ended(begin, Token::Uint(number));
        }
        self.ended(begin, Token::Int(number))
    }

    /// A number that no letter follows.
    fn ended(&mut self, begin: usize, token: Token) -> Result<Token, ParseError> {
        if self.peek(0).is_some_and(|c| c.is_ascii_alphanumeric() || c == '_') {
            self.at = begin;
            return self.wrong("this is neither a number nor a name: put it in quotes if it is a text");
        }
        Ok(token)
    }

    fn too_large(&mut self, begin: usize) -> Result<Token, ParseError> {
        self.at = begin;
        self.wrong("this number is too large, or not one")
    }

    /// A text in quotes, single or triple; in a raw one `\` is a character as any other.
    fn text(&mut self, is_raw: bool) -> Result<Token, ParseError> {
        let begin = self.at;
        let quote = self.chars[self.at];
        let is_triple = self.peek(1) == Some(quote) && self.peek(2) == Some(quote);
        let length = if is_triple { 3 } else { 1 };
        self.at += length;
        let mut text = String::new();
        loop {
            let ends = (0..length).all(|ahead| self.peek(ahead) == Some(quote));
            match self.peek(0) {
                _ if ends => {
                    self.at += length;
                    return Ok(Token::Text(text));
                }
                Some('\n' | '\r') if !is_triple => {
                    self.at = begin;
                    return self.wrong("this text has no closing quote on its line");
                }
                None => {
                    self.at = begin;
                    return self.wrong("this text has no closing quote");
                }
                Some('\\') if !is_raw => text.push(self.escape()?),
                Some(c) => {
                    text.push(c);
                    self.at += 1;
                }
            }
        }
    }

    fn escape(&mut self) -> Result<char, ParseError> {
        let begin = self.at;
        self.at += 1;
        let letter = self.peek(0);
        self.at += 1;
        let plain = match letter {
            Some(c @ ('\\' | '?' | '"' | '\'' | '`')) => Some(c),
            Some('a') => Some('\u{7}'),
            Some('b') => Some('\u{8}'),
            Some('f') => Some('\u{c}'),
            Some('n') => Some('\n'),
            Some('r') => Some('\r'),
            Some('t') => Some('\t'),
            Some('v') => Some('\u{b}'),
            Some('x' | 'X') => self.code(16, 2),
            Some('u') => self.code(16, 4),
            Some('U') => self.code(16, 8),
            Some('0'..='3') => {
                self.at -= 1;
                self.code(8, 3)
            }
            _ => None,
        };
        if plain.is_none() {
            self.at = begin;
        }
        plain.map_or_else(|| self.wrong("this escape is not one: write `\\\\` for a backslash"), Ok)
    }

    fn code(&mut self, radix: u32, count: usize) -> Option<char> {
        let digits: String = self.chars.get(self.at..self.at + count)?.iter().collect();
        self.at += count;
        let is_code = digits.chars().all(|c| c.is_digit(radix));
        is_code.then(|| u32::from_str_radix(&digits, radix).ok().and_then(char::from_u32)).flatten()
    }
}
