//! INSERT ... OVERRIDING SYSTEM VALUE, which the parser does not know: it reaches it as one more column, whose name
//! no identifier can be.

use crate::catalog::{Column, Generated};
use crate::spelling::quoted;
use crate::utility::Words;
use sqlparser::ast;
use sqlparser::tokenizer::{Token, TokenWithSpan};

/// Whose values an identity column gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Overriding {
    /// The statement's, even if it is GENERATED ALWAYS.
    System,
    /// The sequence's, whatever the statement says.
    User,
}

const SYSTEM: &str = "\0overriding system value";
const USER: &str = "\0overriding user value";

impl Overriding {
    /// The columns that an INSERT really names, and what it overrides.
    pub fn split(columns: &[ast::ObjectName]) -> (&[ast::ObjectName], Option<Overriding>) {
        let Some((last, others)) = columns.split_last() else { return (columns, None) };
        match last.0.as_slice() {
            [ast::ObjectNamePart::Identifier(ident)] if ident.value == SYSTEM => {
                (others, Some(Overriding::System))
            }
            [ast::ObjectNamePart::Identifier(ident)] if ident.value == USER => {
                (others, Some(Overriding::User))
            }
            _ => (columns, None),
        }
    }
}

/// Whether a statement may not give this column a value.
pub(crate) fn refuses(column: &Column, overriding: Option<Overriding>) -> bool {
    match column.generated {
        Some(Generated::Stored(_)) => true,
        Some(Generated::Always) => overriding.is_none(),
        Some(Generated::ByDefault) | None => false,
    }
}

/// Whether what the statement says of this column goes nowhere.
pub(crate) fn ignores(column: &Column, overriding: Option<Overriding>) -> bool {
    let is_identity = matches!(column.generated, Some(Generated::Always | Generated::ByDefault));
    is_identity && overriding == Some(Overriding::User)
}

/// Rewrites the clause.
pub(crate) fn spell_out(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let begin = Words::from(&tokens, 0);
    if !begin.sees(&["INSERT"]) && !begin.sees(&["WITH"]) {
        return tokens;
    }
    let clause = (1..tokens.len()).find_map(|at| {
        let words = Words::from(&tokens, at);
        match () {
            () if words.sees(&["OVERRIDING", "SYSTEM", "VALUE"]) => Some((at, SYSTEM)),
            () if words.sees(&["OVERRIDING", "USER", "VALUE"]) => Some((at, USER)),
            () => None,
        }
    });
    let Some((at, name)) = clause else { return tokens };
    let before = &tokens[at - 1];
    let token = |token| TokenWithSpan::new(token, before.span);
    let is_list = before.token == Token::RParen;
    let mut spelled = tokens[..at - usize::from(is_list)].to_vec();
    spelled.push(token(if is_list { Token::Comma } else { Token::LParen }));
    spelled.extend([token(quoted(name)), token(Token::RParen)]);
    spelled.extend_from_slice(&tokens[at + 3..]);
    spelled
}
