//! What to do about a syntax error, in the words of someone who edits manifests.

use granit_parser::ErrorKind as E;

/// The reader's words, and the way out where it is known.
pub(super) fn explain(kind: &E) -> String {
    let hint = match kind {
        E::TabInIndentation
        | E::TabInBlockIndentation
        | E::TabNotAllowed
        | E::TabAtBlockScalarStart
        | E::TabInPlainScalar => "indent with spaces",
        E::MappingValueNotAllowed | E::InvalidColonPlacement => {
            "put a value that holds \": \" in quotes, and check the indentation"
        }
        E::UnexpectedCharacter { character } if !character.is_ascii_punctuation() => {
            "write this character as an escape in double quotes, or remove it"
        }
        E::UnexpectedCharacter { .. } => "put a value that begins with this character in quotes",
        E::UnknownAnchor => "an alias `*name` needs an anchor `&name` before it in the same document",
        E::UnclosedQuotedScalar => "close the quote that begins here",
        E::UnclosedFlowCollection { .. } => "close the bracket that begins here",
        E::ExpectedBlockMappingKey
        | E::ExpectedBlockSequenceEntry
        | E::InvalidIndentation
        | E::BlockSequenceEntryNotAllowed => "check the indentation of this line and the one before",
        E::ExpectedFlowSequenceSeparator | E::ExpectedFlowMappingSeparator => {
            "between brackets, put a text that holds any of `,[]{}` in quotes"
        }
        E::SimpleKeyExpected | E::InvalidSimpleKey => "a key needs a `:` on its own line",
        E::InvalidBlockScalarIndent => "indent each line of the text as far as its first one",
        E::UnknownQuotedScalarEscape => "write `\\\\` for a backslash, or use single quotes",
        E::InvalidTrailingSingleQuotedScalar => "write `''` for a quote inside single quotes",
        E::InvalidTrailingDoubleQuotedScalar => "write `\\\"` for a quote inside double quotes",
        E::ExpectedDocumentStart => "put `---` between documents",
        _ => return kind.to_string(),
    };
    format!("{kind}; {hint}")
}
