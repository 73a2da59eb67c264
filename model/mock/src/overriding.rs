//! INSERT ... OVERRIDING SYSTEM VALUE, which the parser does not know: it reaches it as one more column, whose name
//! no identifier can be.

use crate::catalog::{Column, Generated};
use sqlparser::ast;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan, Word};

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
    let words: Vec<usize> =
        (0..tokens.len()).filter(|at| !matches!(tokens[*at].token, Token::Whitespace(_))).collect();
    let is = |at: usize, word: &str| {
        matches!(&tokens[at].token, Token::Word(it)
            if it.quote_style.is_none() && it.value.eq_ignore_ascii_case(word))
    };
    if !words.first().is_some_and(|first| is(*first, "insert") || is(*first, "with")) {
        return tokens;
    }
    let found = words.windows(4).find_map(|four| {
        let [before, first, whose, value] = four else { return None };
        let value = Some(*value).filter(|at| is(*first, "overriding") && is(*at, "value"))?;
        match () {
            () if is(*whose, "system") => Some((*before, value, SYSTEM)),
            () if is(*whose, "user") => Some((*before, value, USER)),
            () => None,
        }
    });
    let Some((before, last, name)) = found else { return tokens };
    let span = tokens[before].span;
    let token = |token| TokenWithSpan::new(token, span);
    let name = Word { value: name.to_owned(), quote_style: Some('"'), keyword: Keyword::NoKeyword };
    let is_list = tokens[before].token == Token::RParen;
    let mut spelled = tokens[..before + usize::from(!is_list)].to_vec();
    spelled.push(token(if is_list { Token::Comma } else { Token::LParen }));
    spelled.extend([token(Token::Word(name)), token(Token::RParen)]);
    spelled.extend_from_slice(&tokens[last + 1..]);
    spelled
}
