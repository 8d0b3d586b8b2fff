//! A text with places to be filled: `${NAME}`, `${NAME:-default}`, and `$${` for a literal `${`.

/// A text cut into what stands as it is and what is to be filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template<'a> {
    /// The pieces in order.
    pub pieces: Vec<Piece<'a>>,
}

/// A piece of a [`Template`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Text that stands as it is.
    Text(&'a str),
    /// A place to be filled.
    Reference {
        /// The name between the braces.
        name: &'a str,
        /// The text after `:-`, which stands in where the name has no value or an empty one, as in a shell.
        default: Option<&'a str>,
    },
}

/// What is wrong with a text that is to be filled. The text itself is not shown: it may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// There is a `${` without its `}`.
    #[error("`${{` has no closing `}}`: close it, or write `$${{` for a literal `${{`")]
    Open,
    /// What stands between the braces is not a name.
    #[error(
        "what stands in `${{…}}` is not a name: write `${{NAME}}` or `${{NAME:-default}}`, or `$${{` for a literal `${{`"
    )]
    NotAName,
    /// A default holds another reference.
    #[error(
        "the default of `${{{0}}}` holds another reference, which is not possible: write a plain text there"
    )]
    Nested(String),
}

impl<'a> Template<'a> {
    /// Cuts a text. `is_name` says which names may stand between the braces. A `$` that neither `{` nor `${` follows is left alone,
    /// as are `$NAME` and `$(…)`.
    pub fn parse(text: &'a str, is_name: fn(&str) -> bool) -> Result<Self, TemplateError> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(dollar) = rest.find("${") {
            let is_literal = rest[..dollar].ends_with('$');
            let before = if is_literal { &rest[..dollar - 1] } else { &rest[..dollar] };
            if !before.is_empty() {
                pieces.push(Piece::Text(before));
            }
            rest = &rest[dollar + 2..];
            if is_literal {
                pieces.push(Piece::Text("${"));
                continue;
            }
            let (inside, after) = rest.split_once('}').ok_or(TemplateError::Open)?;
            pieces.push(reference(inside, is_name)?);
            rest = after;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest));
        }
        Ok(Self { pieces })
    }
}

fn reference(inside: &str, is_name: fn(&str) -> bool) -> Result<Piece<'_>, TemplateError> {
    let (name, default) = match inside.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (inside, None),
    };
    if !is_name(name) {
        return Err(TemplateError::NotAName);
    }
    if default.is_some_and(|default| default.contains("${")) {
        return Err(TemplateError::Nested(name.chars().take(40).collect()));
    }
    Ok(Piece::Reference { name, default })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_name(text: &str) -> bool {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_uppercase())
    }

    /// Text pieces in plain, references in angle brackets.
    fn check(text: &str, expect: Result<&str, &str>) {
        let shown = Template::parse(text, is_name).map(|template| {
            template
                .pieces
                .iter()
                .map(|piece| match piece {
                    Piece::Text(text) => (*text).to_owned(),
                    Piece::Reference { name, default: None } => format!("<{name}>"),
                    Piece::Reference { name, default: Some(default) } => format!("<{name}|{default}>"),
                })
                .collect::<String>()
        });
        assert_eq!(
            shown.map_err(|error| error.to_string()),
            expect.map(str::to_owned).map_err(str::to_owned),
            "{text:?}"
        );
    }

    #[test]
    fn where_a_text_is_cut() {
        check("", Ok(""));
        check("no reference", Ok("no reference"));
        check("a${B}c", Ok("a<B>c"));
        check("${A}${B:-x y}", Ok("<A><B|x y>"));
        check("${A:-}", Ok("<A|>"));
        check("${A:-:-}", Ok("<A|:->"));
        check("$A $(B) $$ 5$", Ok("$A $(B) $$ 5$"));
        check("$${A}", Ok("${A}"));
        check("$$${A}", Ok("$${A}"));
        check("$${A}${B}", Ok("${A}<B>"));
        check("${A}$${${B}", Ok("<A>${<B>"));
        check("é${A}é", Ok("é<A>é"));
    }

    #[test]
    fn what_is_refused() {
        let not_a_name = "what stands in `${…}` is not a name: write `${NAME}` or `${NAME:-default}`, or `$${` for a literal `${`";
        check("${A", Err("`${` has no closing `}`: close it, or write `$${` for a literal `${`"));
        for inside in ["", "a", "#A[@]", "A%.*", "A-x", "A:=x", " A "] {
            check(&format!("${{{inside}}}"), Err(not_a_name));
        }
        check(
            "${A:-${B}}",
            Err(
                "the default of `${A}` holds another reference, which is not possible: write a plain text there",
            ),
        );
    }
}
