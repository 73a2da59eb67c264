//! Tokens that end elsewhere for PostgreSQL (scan.l) than for the parser: operators, and literals over several lines.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Location, Span, Token, TokenWithSpan, Whitespace};

/// What an operator is made of.
const SIGNS: &str = "~!@#^&|`?+-*/%<>=";

/// The tokens as PostgreSQL reads them.
pub(crate) fn settle(tokens: Vec<TokenWithSpan>, sql: &str) -> Vec<TokenWithSpan> {
    let mut source = Source::new(sql);
    continued(tokens.chunk_by(touches).flat_map(|tokens| operators(tokens, &mut source)).collect())
}

/// Whether both are parts of operators, with nothing between them.
fn touches(left: &TokenWithSpan, right: &TokenWithSpan) -> bool {
    left.span.end == right.span.start && is_operator(left) && is_operator(right)
}

fn is_operator(token: &TokenWithSpan) -> bool {
    let is_other = matches!(
        token.token,
        Token::Whitespace(_) | Token::EOF | Token::Word(_) | Token::Number(..) | Token::SingleQuotedString(_)
    );
    !is_other && token.token.to_string().chars().all(|char| SIGNS.contains(char))
}

/// Signs in a row, read anew from the text: what the parser makes of them does not say how they are written.
fn operators(tokens: &[TokenWithSpan], source: &mut Source<'_>) -> Vec<TokenWithSpan> {
    let (first, last) = match tokens {
        [one] if !matches!(one.token, Token::CustomBinaryOperator(_) | Token::ShiftLeftVerticalBar) => {
            return vec![one.clone()];
        }
        [first, .., last] | [first @ last] => (first, last),
        [] => return Vec::new(),
    };
    let mut rest = source.text(Span::new(first.span.start, last.span.end));
    let mut start = first.span.start;
    let mut parts = Vec::new();
    while !rest.is_empty() {
        let (operator, behind) = rest.split_at(length(rest));
        let end = Location { column: start.column + operator.len() as u64, ..start };
        parts.push(TokenWithSpan::new(sign(operator), Span::new(start, end)));
        (start, rest) = (end, behind);
    }
    parts
}

/// How long the first of these operators is: it ends before the `+` and `-` at the end, unless there is another sign in
/// it that makes it one (PostgreSQL's scan.l): `3>=-2`, `3-+2`, but `3^-2`.
fn length(signs: &str) -> usize {
    if signs.contains(['~', '!', '@', '#', '%', '^', '&', '|', '`', '?']) {
        return signs.len();
    }
    signs.trim_end_matches(['+', '-']).len().max(1)
}

/// What the parser is to read for an operator.
fn sign(operator: &str) -> Token {
    match operator {
        "+" => Token::Plus,
        "-" => Token::Minus,
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
        "=>" => Token::RArrow,
        "<<" => Token::ShiftLeft,
        ">>" => Token::ShiftRight,
        "<<|" => Token::ShiftLeftVerticalBar,
        other => Token::CustomBinaryOperator(other.to_owned()),
    }
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

/// A text that is read from its beginning to its end, so that its places are found in one pass.
pub(crate) struct Source<'a> {
    rest: &'a str,
    at: Location,
    /// The number of the character that comes next, from 1.
    pub place: u32,
}

impl<'a> Source<'a> {
    pub fn new(sql: &'a str) -> Source<'a> {
        Source { rest: sql, at: Location { line: 1, column: 1 }, place: 1 }
    }

    /// What stands behind a place, which is not before that of the last call.
    pub fn after(&mut self, place: Location) -> &'a str {
        let is_before = |at: Location| (at.line, at.column) < (place.line, place.column);
        while let (true, Some(char)) = (is_before(self.at), self.rest.chars().next()) {
            self.rest = &self.rest[char.len_utf8()..];
            self.place += 1;
            self.at = match char {
                '\n' => Location { line: self.at.line + 1, column: 1 },
                _ => Location { column: self.at.column + 1, ..self.at },
            };
        }
        self.rest
    }

    /// What stands in a span that does not begin before the last one ends.
    pub fn text(&mut self, span: Span) -> &'a str {
        let text = self.after(span.start);
        let behind = self.after(span.end);
        &text[..text.len() - behind.len()]
    }
}

/// What stands behind a place in a text.
pub(crate) fn after(sql: &str, place: Location) -> &str {
    Source::new(sql).after(place)
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
            ("SELECT 1 -+ 1, -+1, 2*+-+3, 1-+-+1", "SELECT 1 - +1, -+1, 2 * +-+3, 1 - +-+1"),
            ("SELECT 1 <| 2, 1<|-2, 1<<|2", "SELECT 1 <| 2, 1 <|- 2, 1 <<| 2"),
            ("SELECT 3*-2, 3^/* c */-2", "SELECT 3 * -2, 3 ^ -2"),
        ] {
            assert_eq!(read(sql), expected, "{sql}");
        }
    }
}
