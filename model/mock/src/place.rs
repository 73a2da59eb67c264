//! Where in a statement's text something stands, for the errors that say so.
//!
//! The parser keeps two numbers for the beginning of what it reads, and two for its end, and remembers nothing of
//! operators and keywords. So these numbers are made to say, of each token:
//!
//! ```text
//! beginning: the character | the operator before it, the parenthesis around it, the word before that
//! end:       the character | the operator that comes next, the cast (`::`) that comes next
//! ```
//!
//! The character orders them, as a line does. Which place an error has is PostgreSQL's `parser_errposition` and
//! `exprLocation`.

use sqlparser::ast::{self, Expr, Spanned};
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Location, Span, Token, TokenWithSpan};

/// A character of a text, the first is 1; `None` where nothing is known.
pub(crate) type Place = Option<u32>;

/// A statement's length in characters takes less than this.
const BITS: u32 = 21;
const _: () = assert!(crate::sql::STATEMENT_BYTES_MAX + 1 < 1 << BITS);

fn packed(numbers: [u64; 3]) -> u64 {
    numbers.into_iter().fold(0, |all, number| all << BITS | number)
}

fn unpacked(location: Location, place: u32) -> Place {
    known(location.column >> (BITS * (2 - place)) & ((1 << BITS) - 1))
}

fn known(number: u64) -> Place {
    u32::try_from(number).ok().filter(|number| *number > 0)
}

/// Puts places into the tokens of a text, of which the first character has this number. What is blank goes, and the end
/// of the text becomes one more token. The answer is the character that comes after the last token.
pub(crate) fn mark(tokens: &mut Vec<TokenWithSpan>, sql: &str, first: u64) -> u64 {
    let lines: Vec<u64> = std::iter::once(0)
        .chain(sql.chars().zip(1..).filter(|(char, _)| *char == '\n').map(|(_, number)| number))
        .collect();
    let character = |location: Location| {
        let line = usize::try_from(location.line).ok().and_then(|line| lines.get(line.checked_sub(1)?));
        first + line.copied().unwrap_or(0) + location.column.saturating_sub(1)
    };
    let end = first + sql.chars().count() as u64;
    let read = tokens.last().map_or(first, |last| character(last.span.end));
    tokens.retain(|token| !matches!(token.token, Token::Whitespace(_)));
    let location = |line: u64| Location { line, column: 0 };
    for token in tokens.iter_mut() {
        token.span = Span::new(location(character(token.span.start)), location(character(token.span.end)));
    }
    tokens.push(TokenWithSpan::new(Token::EOF, Span::new(location(end), location(end))));
    mark_beginnings(tokens);
    mark_ends(tokens);
    read
}

fn mark_beginnings(tokens: &mut [TokenWithSpan]) {
    let (mut before, mut word) = (0, 0);
    // What is open, and the words before it.
    let mut open: Vec<(u64, u64)> = Vec::new();
    for token in tokens {
        let at = token.span.start.line;
        let (around, name) = open.last().copied().unwrap_or_default();
        token.span.start.column = packed([before, around, name]);
        match token.token {
            Token::LParen | Token::LBracket => open.push((at, if word > 0 { word } else { at })),
            Token::RParen | Token::RBracket => drop(open.pop()),
            _ => (),
        }
        if !matches!(token.token, Token::LParen) {
            before = at;
        }
        word = if matches!(token.token, Token::Word(_)) { at } else { 0 };
    }
}

fn mark_ends(tokens: &mut [TokenWithSpan]) {
    let (mut operator, mut cast) = (0, 0);
    for place in (0..tokens.len()).rev() {
        let (before, rest) = tokens.split_at_mut(place);
        let token = &mut rest[0];
        token.span.end.column = packed([operator, cast, 0]);
        let at = token.span.start.line;
        let is_after_operand = before.last().is_some_and(|before| ends_operand(&before.token));
        match &token.token {
            Token::DoubleColon => cast = at,
            sign if is_operator(sign) && (is_after_operand || matches!(sign, Token::Word(_))) => {
                operator = at
            }
            _ => (),
        }
    }
}

/// Whether an operator after it has it as its operand.
fn ends_operand(token: &Token) -> bool {
    match token {
        Token::LParen | Token::LBracket | Token::Comma => false,
        Token::Word(_) => true,
        other => !is_operator(other),
    }
}

/// Whether a token stands between two operands, and is no cast.
fn is_operator(token: &Token) -> bool {
    use Keyword::{AND, AT, BETWEEN, COLLATE, ILIKE, IN, IS, LIKE, NOT, OR, OVERLAPS, SIMILAR};
    match token {
        Token::Word(word) => {
            word.quote_style.is_none()
                && [AND, AT, BETWEEN, COLLATE, ILIKE, IN, IS, LIKE, NOT, OR, OVERLAPS, SIMILAR]
                    .contains(&word.keyword)
        }
        Token::Number(..)
        | Token::Char(_)
        | Token::Placeholder(_)
        | Token::SingleQuotedString(_)
        | Token::DollarQuotedString(_)
        | Token::NationalStringLiteral(_)
        | Token::EscapedStringLiteral(_)
        | Token::UnicodeStringLiteral(_)
        | Token::SingleQuotedByteStringLiteral(_)
        | Token::HexStringLiteral(_)
        | Token::LParen
        | Token::RParen
        | Token::LBracket
        | Token::RBracket
        | Token::LBrace
        | Token::RBrace
        | Token::Comma
        | Token::Period
        | Token::Colon
        | Token::DoubleColon
        | Token::SemiColon
        | Token::EOF => false,
        _ => true,
    }
}

/// Where a token begins.
pub(crate) fn begin(span: Span) -> Place {
    known(span.start.line)
}

/// The parenthesis around a token.
pub(crate) fn around(span: Span) -> Place {
    unpacked(span.start, 1)
}

/// Where a name begins.
pub(crate) fn name(name: &ast::ObjectName) -> Place {
    begin(name.0.first()?.span())
}

/// Where a type is named, as far as the parser knows.
pub(crate) fn data_type(ty: &ast::DataType) -> Place {
    match ty {
        ast::DataType::Custom(custom, _) => name(custom),
        ast::DataType::Array(
            ast::ArrayElemTypeDef::SquareBracket(of, _)
            | ast::ArrayElemTypeDef::AngleBracket(of)
            | ast::ArrayElemTypeDef::Parenthesis(of),
        ) => data_type(of),
        _ => None,
    }
}

/// Where an expression begins.
pub(crate) fn expression(ast: &Expr) -> Place {
    match ast {
        Expr::BinaryOp { left, .. } => expression(left),
        Expr::Nested(inner)
        | Expr::Collate { expr: inner, .. }
        | Expr::IsNull(inner)
        | Expr::IsNotNull(inner)
        | Expr::IsTrue(inner)
        | Expr::IsNotTrue(inner)
        | Expr::IsFalse(inner)
        | Expr::IsNotFalse(inner)
        | Expr::IsUnknown(inner)
        | Expr::IsNotUnknown(inner)
        | Expr::IsDistinctFrom(inner, _)
        | Expr::IsNotDistinctFrom(inner, _)
        | Expr::InList { expr: inner, .. }
        | Expr::InSubquery { expr: inner, .. }
        | Expr::Between { expr: inner, .. }
        | Expr::Like { expr: inner, .. }
        | Expr::ILike { expr: inner, .. }
        | Expr::AnyOp { left: inner, .. }
        | Expr::AllOp { left: inner, .. }
        | Expr::AtTimeZone { timestamp: inner, .. }
        | Expr::Cast { kind: ast::CastKind::DoubleColon, expr: inner, .. }
        | Expr::CompoundFieldAccess { root: inner, .. } => expression(inner),
        Expr::Function(function) => name(&function.name),
        Expr::UnaryOp { expr, .. } => before(expr),
        Expr::Subquery(_) | Expr::Tuple(_) => unpacked(first(ast)?, 1),
        Expr::Cast { .. }
        | Expr::Array(_)
        | Expr::Exists { .. }
        | Expr::Extract { .. }
        | Expr::Substring { .. }
        | Expr::Trim { .. }
        | Expr::Position { .. }
        | Expr::Overlay { .. }
        | Expr::Ceil { .. }
        | Expr::Floor { .. } => unpacked(first(ast)?, 2),
        _ => known(first(ast)?.line),
    }
}

/// The beginning of the first token of an expression that the parser remembers.
fn first(ast: &Expr) -> Option<Location> {
    match ast {
        Expr::BinaryOp { left, .. } => first(left),
        Expr::Nested(inner) | Expr::UnaryOp { expr: inner, .. } | Expr::Cast { expr: inner, .. } => {
            first(inner)
        }
        Expr::Function(function) => Some(function.name.0.first()?.span().start),
        // The parser writes them the other way round.
        Expr::Position { expr, .. } | Expr::Extract { expr, .. } => first(expr),
        _ => Some(ast.span().start).filter(|start| start.line > 0),
    }
}

/// The word or the sign before an expression.
pub(crate) fn before(ast: &Expr) -> Place {
    unpacked(first(ast)?, 0)
}

/// Where an expression is wrong whose parts are not: at its operator or its name.
pub(crate) fn fault(ast: &Expr) -> Place {
    match ast {
        Expr::BinaryOp { left: operand, .. }
        | Expr::IsDistinctFrom(operand, _)
        | Expr::IsNotDistinctFrom(operand, _)
        | Expr::InList { expr: operand, .. }
        | Expr::InSubquery { expr: operand, .. }
        | Expr::Between { expr: operand, .. }
        | Expr::Like { expr: operand, .. }
        | Expr::ILike { expr: operand, .. }
        | Expr::AnyOp { left: operand, .. }
        | Expr::AllOp { left: operand, .. }
        | Expr::Collate { expr: operand, .. }
        | Expr::AtTimeZone { timestamp: operand, .. } => after(operand),
        Expr::Cast { kind: ast::CastKind::DoubleColon, expr, .. } => unpacked(expr.span().end, 1),
        Expr::Nested(inner) => fault(inner),
        _ => expression(ast),
    }
}

/// The operator after an expression.
pub(crate) fn after(operand: &Expr) -> Place {
    unpacked(operand.span().end, 0)
}

/// Where the expression of this number stands in a query's list; where the list begins if it has fewer.
pub(crate) fn nth(body: &ast::SetExpr, number: usize) -> Place {
    match body {
        ast::SetExpr::Select(select) => select.projection.get(number).and_then(|item| match item {
            ast::SelectItem::UnnamedExpr(expr) | ast::SelectItem::ExprWithAlias { expr, .. } => {
                expression(expr)
            }
            other => begin(other.span()),
        }),
        ast::SetExpr::Query(query) => nth(&query.body, number),
        ast::SetExpr::SetOperation { left, .. } => nth(left, number),
        ast::SetExpr::Values(values) => expression(values.rows.first()?.content.get(number)?),
        _ => None,
    }
}
