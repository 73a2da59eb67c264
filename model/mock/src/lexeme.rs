//! Tokens that end elsewhere for PostgreSQL (scan.l) than for the parser: operators, and literals over several lines.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Location, Span, Token, TokenWithSpan, Whitespace};

/// What an operator is made of.
const SIGNS: &str = "~!@#^&|`?+-*/%<>=";

/// The tokens as PostgreSQL reads them.
pub(crate) fn settle(tokens: Vec<TokenWithSpan>, sql: &str) -> Vec<TokenWithSpan> {
    let operators = tokens.chunk_by(touches).flat_map(|tokens| operator(tokens, sql));
    continued(operators.flat_map(split).collect())
}

/// Whether both are parts of operators, with nothing between them.
fn touches(left: &TokenWithSpan, right: &TokenWithSpan) -> bool {
    left.span.end == right.span.start && is_operator(left) && is_operator(right)
}

fn is_operator(token: &TokenWithSpan) -> bool {
    let is_other = matches!(token.token, Token::Whitespace(_) | Token::EOF);
    !is_other && token.token.to_string().chars().all(|char| SIGNS.contains(char))
}

/// Signs in a row are one operator, up to the signs at its end that [`split`] takes off.
fn operator(tokens: &[TokenWithSpan], sql: &str) -> Vec<TokenWithSpan> {
    match tokens {
        [first, .., last] => {
            // As it is written: the parser does not tell `!=` from `<>`.
            let length = last.span.end.column - first.span.start.column;
            let length = usize::try_from(length).expect("the text is in memory");
            let whole: String = after(sql, first.span.start).chars().take(length).collect();
            if !is_one(&whole) {
                return tokens.to_vec();
            }
            let span = Span::new(first.span.start, last.span.end);
            vec![TokenWithSpan::new(Token::CustomBinaryOperator(whole), span)]
        }
        _ => tokens.to_vec(),
    }
}

/// Whether an operator may end in `+` or `-`.
fn is_one(operator: &str) -> bool {
    operator.contains(['~', '!', '@', '#', '%', '^', '&', '|', '`', '?'])
}

/// An operator ends before the signs at its end, unless there is one of these in it (PostgreSQL's scan.l): `3>=-2`.
fn split(token: TokenWithSpan) -> Vec<TokenWithSpan> {
    let signs = match &token.token {
        Token::CustomBinaryOperator(operator) if !is_one(operator) => {
            operator.len() - operator.trim_end_matches(['+', '-']).len()
        }
        _ => 0,
    };
    let Token::CustomBinaryOperator(operator) = &token.token else { return vec![token] };
    let (head, signs) = operator.split_at(operator.len() - signs);
    let known = match head {
        "" => return vec![token],
        "=" => Token::Eq,
        "<" => Token::Lt,
        ">" => Token::Gt,
        "<=" => Token::LtEq,
        ">=" => Token::GtEq,
        "<>" => Token::Neq,
        "*" => Token::Mul,
        "/" => Token::Div,
        "->" => Token::Arrow,
        "->>" => Token::LongArrow,
        other => Token::CustomBinaryOperator(other.to_owned()),
    };
    let Span { mut start, end } = token.span;
    let mut parts = Vec::with_capacity(1 + signs.len());
    let signs = signs.chars().map(|sign| if sign == '+' { Token::Plus } else { Token::Minus });
    for (part, length) in std::iter::once((known, head.len() as u64)).chain(signs.map(|sign| (sign, 1))) {
        let middle = Location { column: start.column + length, ..start };
        parts.push(TokenWithSpan::new(part, Span::new(start, middle)));
        start = middle;
    }
    debug_assert_eq!(start, end, "an operator is on one line");
    parts
}

/// A literal goes on with the next one, if that begins on a line of its own.
fn continued(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut whole: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    // Where the last literal stands, and whether a line has ended behind it.
    let mut last: Option<(usize, bool)> = None;
    for token in tokens {
        match (&token.token, last) {
            (
                Token::Whitespace(Whitespace::Newline | Whitespace::SingleLineComment { .. }),
                Some((at, _)),
            ) => {
                last = Some((at, true));
            }
            (Token::Whitespace(Whitespace::Space | Whitespace::Tab), Some(_)) => (),
            (Token::SingleQuotedString(more), Some((at, true))) if continues(&whole[at].token, more) => {
                let (Token::SingleQuotedString(text) | Token::EscapedStringLiteral(text)) =
                    &mut whole[at].token
                else {
                    unreachable!("it is a literal")
                };
                text.push_str(more);
                whole[at].span.end = token.span.end;
                whole.truncate(at + 1);
                last = Some((at, false));
                continue;
            }
            (Token::SingleQuotedString(_) | Token::EscapedStringLiteral(_), _) => {
                last = Some((whole.len(), false));
            }
            _ => last = None,
        }
        whole.push(token);
    }
    whole
}

/// Whether what goes on means what it says: an escape in it would have been read as text.
fn continues(first: &Token, more: &str) -> bool {
    matches!(first, Token::SingleQuotedString(_)) || !more.contains('\\')
}

/// A literal where there can be none, which the parser takes for a name.
pub(crate) fn misplaced(tokens: &[TokenWithSpan]) -> Option<&TokenWithSpan> {
    let pair = tokens.windows(2).find(|pair| {
        let after = match &pair[0].token {
            Token::SingleQuotedString(_) | Token::EscapedStringLiteral(_) | Token::Number(..) => true,
            Token::Word(word) => word.keyword == Keyword::AS && word.quote_style.is_none(),
            _ => false,
        };
        after && matches!(pair[1].token, Token::SingleQuotedString(_))
    });
    pair.map(|pair| &pair[1])
}

/// What stands behind a place in a text.
pub(crate) fn after(sql: &str, place: Location) -> &str {
    let place_of = |number: u64| usize::try_from(number - 1).expect("the text is in memory");
    let mut rest = sql;
    for _ in 0..place_of(place.line) {
        rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
    }
    rest.char_indices().nth(place_of(place.column)).map_or("", |(at, _)| &rest[at..])
}

#[cfg(test)]
mod tests {
    use crate::sql::{Parsed, parse};

    #[test]
    fn tokens_end_where_postgresql_ends_them() {
        let read = |sql: &str| match parse(sql) {
            Ok(Parsed::Statements(statements)) => statements[0].to_string(),
            Ok(other) => panic!("{sql}: {other:?}"),
            Err(failure) => failure.to_string(),
        };
        for (sql, expected) in [
            ("SELECT 'a'\n 'b' -- c\n\t'd'", "SELECT 'abd'"),
            ("SELECT E'a'\n'b'", "SELECT E'ab'"),
            ("SELECT 'a',\n'b'", "SELECT 'a', 'b'"),
            ("SELECT 3^-2, 3 ^ -2, 3<>-2, 3!=-2", "SELECT 3 ^- 2, 3 ^ -2, 3 <> -2, 3 !=- 2"),
            ("SELECT 3*-2, 3^/* c */-2", "SELECT 3 * -2, 3 ^ -2"),
        ] {
            assert_eq!(read(sql), expected, "{sql}");
        }
    }
}
