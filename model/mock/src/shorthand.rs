//! Shorter ways to say something, written out before the parser sees them:
//!
//! ```text
//! TABLE t                    SELECT * FROM t
//! BETWEEN ASYMMETRIC a       BETWEEN a
//! BETWEEN SYMMETRIC a        BETWEEN this * a     a name that no identifier can be, see SYMMETRIC
//! FROM ONLY t                FROM t               no table inherits from another
//! a ISNULL                   a IS NULL
//! = ANY (VALUES (1))         = ANY (SELECT * FROM (VALUES (1)) AS "*VALUES*")
//! ```

use crate::expression::SYMMETRIC;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan, Whitespace, Word};

/// Writes out what is short.
pub(crate) fn spell_out(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut spelled: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    // For each parenthesis that is open, whether there is one more that the text does not have.
    let mut open = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let span = token.span;
        let mut push = |token| spelled.push(TokenWithSpan::new(token, span));
        let before = significant(tokens[..at].iter().rev());
        let after = significant(tokens[at + 1..].iter());
        match keyword(Some(&token.token)) {
            Some(Keyword::TABLE) if begins_query(&tokens, before, after) => {
                let words = [Token::make_keyword("SELECT"), Token::Mul, Token::make_keyword("FROM")];
                words.into_iter().flat_map(|word| [word, blank()]).for_each(push);
            }
            Some(Keyword::ONLY) if names_table(before, after) => (),
            Some(Keyword::NoKeyword) if is_isnull(&token.token) && after != Some(&Token::LParen) => {
                let words = [Token::make_keyword("IS"), blank(), Token::make_keyword("NULL")];
                words.into_iter().for_each(push);
            }
            None if token.token == Token::LParen => {
                let is_operand = keyword(after) == Some(Keyword::VALUES) && takes_operand(before);
                open.push(is_operand);
                push(Token::LParen);
                if is_operand {
                    let words = [Token::make_keyword("SELECT"), Token::Mul, Token::make_keyword("FROM")];
                    words.into_iter().chain([Token::LParen]).flat_map(|word| [word, blank()]).for_each(push);
                }
            }
            None if token.token == Token::RParen => {
                if open.pop() == Some(true) {
                    let words = [Token::RParen, Token::make_keyword("AS"), name("*VALUES*")];
                    words.into_iter().flat_map(|word| [word, blank()]).for_each(&mut push);
                }
                push(Token::RParen);
            }
            Some(Keyword::ASYMMETRIC) if keyword(before) == Some(Keyword::BETWEEN) => (),
            Some(Keyword::SYMMETRIC) if keyword(before) == Some(Keyword::BETWEEN) => {
                push(name(SYMMETRIC));
                push(Token::Mul);
            }
            _ => spelled.push(token.clone()),
        }
    }
    spelled
}

/// Whether `TABLE` between these tokens begins a query, rather than saying what kind of thing a statement is about.
fn begins_query(tokens: &[TokenWithSpan], before: Option<&Token>, after: Option<&Token>) -> bool {
    let names = matches!(after, Some(Token::Word(word))
        if word.quote_style.is_some() || word.keyword != Keyword::ALL && word.keyword != Keyword::IF);
    let opens = match before {
        None | Some(Token::LParen | Token::RParen | Token::SemiColon) => true,
        Some(Token::Word(Word { keyword: word, quote_style: None, .. })) => matches!(
            word,
            Keyword::AS
                | Keyword::ALL
                | Keyword::DISTINCT
                | Keyword::UNION
                | Keyword::EXCEPT
                | Keyword::INTERSECT
                | Keyword::FOR
                | Keyword::EXPLAIN
        ),
        _ => false,
    };
    // The table that rows go to stands there without a keyword.
    let inserts = matches!(before, Some(Token::Word(word)) if word.keyword != Keyword::ON)
        && keyword(significant(tokens.iter())) == Some(Keyword::INSERT);
    names && (opens || inserts)
}

fn is_isnull(token: &Token) -> bool {
    matches!(token, Token::Word(word) if word.value.eq_ignore_ascii_case("isnull"))
}

/// Whether `ONLY` between these tokens stands before a table's name.
fn names_table(before: Option<&Token>, after: Option<&Token>) -> bool {
    let opens =
        [Keyword::FROM, Keyword::UPDATE, Keyword::JOIN, Keyword::USING, Keyword::TABLE, Keyword::INTO];
    let is_name = matches!(after, Some(Token::Word(_)));
    is_name && (before == Some(&Token::Comma) || keyword(before).is_some_and(|word| opens.contains(&word)))
}

/// Whether what stands in parentheses after this token is part of an expression.
fn takes_operand(before: Option<&Token>) -> bool {
    match before {
        Some(Token::Word(_)) => keyword(before).is_some_and(|word| {
            let words = [
                [Keyword::SELECT, Keyword::WHERE, Keyword::AND, Keyword::OR, Keyword::NOT, Keyword::LIMIT],
                [Keyword::ANY, Keyword::SOME, Keyword::ALL, Keyword::WHEN, Keyword::THEN, Keyword::ELSE],
            ];
            words.as_flattened().contains(&word)
        }),
        Some(token) => matches!(
            token,
            Token::Eq
                | Token::Neq
                | Token::Lt
                | Token::Gt
                | Token::LtEq
                | Token::GtEq
                | Token::Plus
                | Token::Minus
                | Token::Mul
                | Token::Div
                | Token::StringConcat
        ),
        None => false,
    }
}

fn blank() -> Token {
    Token::Whitespace(Whitespace::Space)
}

fn name(value: &str) -> Token {
    Token::Word(Word { value: value.to_owned(), quote_style: Some('"'), keyword: Keyword::NoKeyword })
}

fn significant<'a>(mut tokens: impl Iterator<Item = &'a TokenWithSpan>) -> Option<&'a Token> {
    Some(&tokens.find(|token| !matches!(token.token, Token::Whitespace(_)))?.token)
}

fn keyword(token: Option<&Token>) -> Option<Keyword> {
    match token? {
        Token::Word(Word { keyword, quote_style: None, .. }) => Some(*keyword),
        _ => None,
    }
}
