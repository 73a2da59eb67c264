//! Text becomes statements: sqlparser reads PostgreSQL's language, and what it does not know is put right here.

use crate::catalog::{QualifiedName, identifier};
use crate::command::Command;
use crate::error::{error, unsupported};
use crate::inference;
use crate::overriding;
use crate::store::RowLock;
use crate::utility::Utility;
use drawloom_model::SqlError;
use sqlparser::ast;
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer, Word};
use std::rc::Rc;

/// How long a statement's text may be.
pub(crate) const STATEMENT_BYTES_MAX: usize = 1 << 20;

/// How deep a statement may be nested for the parser.
const DEPTH_MAX: usize = 40;

/// What a text is.
#[derive(Debug)]
pub(crate) enum Parsed {
    Statements(Vec<ast::Statement>),
    Command(Command),
    Utility(Utility),
}

/// What a text says.
///
/// # Errors
/// `42601`: it is no statement; `54000`, `54001`: it is too long or too deep.
pub(crate) fn parse(sql: &str) -> Result<Parsed, SqlError> {
    if sql.len() > STATEMENT_BYTES_MAX {
        return Err(error("54000", format!("a statement may be {STATEMENT_BYTES_MAX} bytes long")));
    }
    let tokens = tokens(sql)?;
    check_chains(&tokens)?;
    if let Some(utility) = Utility::parse(&tokens)? {
        return Ok(Parsed::Utility(utility));
    }
    if let Some(command) = parsed(tokens.clone(), Command::parse)? {
        return Ok(Parsed::Command(command));
    }
    statements(tokens).map(Parsed::Statements)
}

/// The statements that are made of these tokens.
///
/// # Errors
/// `42601`: they are none.
pub(crate) fn statements(tokens: Vec<TokenWithSpan>) -> Result<Vec<ast::Statement>, SqlError> {
    let tokens = spell_out_current(spell_out_constraints(spell_out_locks(tokens)));
    let tokens = overriding::spell_out(inference::spell_out(tokens));
    parsed(tokens, |parser| parser.parse_statements())
}

fn tokens(sql: &str) -> Result<Vec<TokenWithSpan>, SqlError> {
    let dialect = PostgreSqlDialect {};
    let tokens = Tokenizer::new(&dialect, sql).tokenize_with_location();
    tokens.map_err(|failure| error("42601", format!("syntax error: {}", failure.message)))
}

/// Expressions with commas between them.
///
/// # Errors
/// `42601`
pub(crate) fn expressions(tokens: Vec<TokenWithSpan>) -> Result<Vec<ast::Expr>, SqlError> {
    list(tokens, |parser| parser.parse_comma_separated(Parser::parse_expr))
}

/// Types with commas between them.
///
/// # Errors
/// `42601`
pub(crate) fn data_types(tokens: Vec<TokenWithSpan>) -> Result<Vec<ast::DataType>, SqlError> {
    list(tokens, |parser| parser.parse_comma_separated(Parser::parse_data_type))
}

fn list<T>(
    tokens: Vec<TokenWithSpan>,
    parse: impl FnOnce(&mut Parser<'_>) -> Result<Vec<T>, ParserError>,
) -> Result<Vec<T>, SqlError> {
    if tokens.is_empty() {
        return Ok(Vec::new());
    }
    parsed(tokens, |parser| {
        let list = parse(parser)?;
        match parser.peek_token_ref().token {
            Token::EOF => Ok(list),
            _ => parser.expected_ref("end of list", parser.peek_token_ref()),
        }
    })
}

/// What the parser makes of these tokens.
fn parsed<T>(
    tokens: Vec<TokenWithSpan>,
    parse: impl FnOnce(&mut Parser<'_>) -> Result<T, ParserError>,
) -> Result<T, SqlError> {
    let dialect = PostgreSqlDialect {};
    let mut parser =
        Parser::new(&dialect).with_recursion_limit(DEPTH_MAX).with_tokens_with_locations(tokens.clone());
    parse(&mut parser).map_err(|failure| match failure {
        ParserError::RecursionLimitExceeded => error("54001", "stack depth limit exceeded"),
        ParserError::TokenizerError(message) => error("42601", format!("syntax error: {message}")),
        ParserError::ParserError(message) => {
            let named = location(&message)
                .and_then(|(line, column)| {
                    let is_there = |token: &&TokenWithSpan| {
                        (token.span.start.line, token.span.start.column) == (line, column)
                    };
                    Some(&tokens.iter().find(is_there)?.token)
                })
                .unwrap_or(&parser.peek_token_ref().token);
            match named {
                Token::EOF => error("42601", "syntax error at end of input"),
                token => error("42601", format!("syntax error at or near \"{token}\"")),
            }
        }
    })
}

/// Where the parser says that the text went wrong.
fn location(message: &str) -> Option<(u64, u64)> {
    let (_, place) = message.rsplit_once("at Line: ")?;
    let (line, column) = place.split_once(", Column: ")?;
    Some((line.parse().ok()?, column.trim().parse().ok()?))
}

/// How many operators in a row the parser may nest into each other.
const CHAIN_MAX: usize = 1_000;

/// How deep queries may stand in each other.
const QUERIES_MAX: usize = 12;

/// Refuses long chains of operators: the parser reads them in a loop, but what it makes of them is as deep as they are
/// long, and the stack is not. Queries inside queries cost the parser more of the stack than other parentheses do.
fn check_chains(tokens: &[TokenWithSpan]) -> Result<(), SqlError> {
    // One chain for each parenthesis that is open, and whether it holds a query.
    let mut chains = vec![0_usize];
    let mut queries = vec![false];
    for token in tokens {
        if let Token::Word(Word { keyword: Keyword::SELECT, .. }) = &token.token {
            *queries.last_mut().expect("one is open") = true;
            if queries.iter().filter(|is_query| **is_query).count() > QUERIES_MAX {
                return Err(error("54001", "stack depth limit exceeded"));
            }
        }
        match &token.token {
            Token::LParen => queries.push(false),
            Token::RParen if queries.len() > 1 => drop(queries.pop()),
            _ => (),
        }
        match &token.token {
            Token::LParen | Token::LBracket => chains.push(0),
            Token::RParen | Token::RBracket if chains.len() > 1 => drop(chains.pop()),
            Token::Comma | Token::SemiColon => *chains.last_mut().expect("one is open") = 0,
            Token::Whitespace(_)
            | Token::Number(..)
            | Token::SingleQuotedString(_)
            | Token::Placeholder(_)
            | Token::Period => (),
            Token::Word(word) if word.keyword == Keyword::NoKeyword => (),
            // Each of these stands inside the one before.
            Token::Word(Word { keyword: Keyword::NOT | Keyword::CASE, .. }) => {
                *chains.last_mut().expect("one is open") += CHAIN_MAX / 20;
            }
            _ => *chains.last_mut().expect("one is open") += 1,
        }
        if chains.last().is_some_and(|length| *length > CHAIN_MAX) {
            return Err(error("54001", "stack depth limit exceeded"));
        }
    }
    Ok(())
}

/// A relation's name in a text, as `regclass` reads it.
///
/// # Errors
/// `42602`: it is no name.
pub(crate) fn relation_name(text: &str) -> Result<QualifiedName, SqlError> {
    let dialect = PostgreSqlDialect {};
    let invalid = || error("42602", "invalid name syntax");
    let mut parser = Parser::new(&dialect).try_with_sql(text).map_err(|_| invalid())?;
    let name = parser.parse_object_name(false).map_err(|_| invalid())?;
    QualifiedName::of(&name)
}

/// How a clause locks rows. The parser knows `FOR UPDATE` and `FOR SHARE` of one table; the others reach it
/// spelled as those, with their mode as a schema of the table's that no identifier can be.
pub(crate) struct LockStrength {
    pub mode: RowLock,
    /// The table's name; all of them otherwise.
    pub of: Option<Rc<str>>,
}

const KEY_SHARE: &str = "\0key share";
const NO_KEY_UPDATE: &str = "\0no key update";

impl LockStrength {
    /// That of a clause.
    ///
    /// # Errors
    /// `42601`: the table's name has several parts.
    pub fn of(clause: &ast::LockClause) -> Result<LockStrength, SqlError> {
        let plain = match clause.lock_type {
            ast::LockType::Share => RowLock::Share,
            ast::LockType::Update => RowLock::Update,
        };
        let mut mode = plain;
        let mut names = Vec::new();
        for part in clause.of.iter().flat_map(|of| &of.0) {
            let ident = part.as_ident().ok_or_else(|| unsupported(clause))?;
            match &*ident.value {
                KEY_SHARE => mode = RowLock::KeyShare,
                NO_KEY_UPDATE => mode = RowLock::NoKeyUpdate,
                _ => names.push(identifier(ident)),
            }
        }
        match names.len() {
            0 | 1 => Ok(LockStrength { mode, of: names.pop() }),
            _ => Err(error("42601", format!("{clause} must specify unqualified relation names"))),
        }
    }
}

/// The setting that `SET CONSTRAINTS a, b DEFERRED` reaches the parser as: `SET this = a, b, DEFERRED`. Nor can
/// that be an identifier.
pub(crate) const CONSTRAINTS: &str = "\0constraints";

fn spell_out_constraints(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut words = Words { tokens: &tokens, at: 0 };
    let is_constraints = |token: &Token| {
        matches!(token, Token::Word(word)
            if word.quote_style.is_none() && word.value.eq_ignore_ascii_case("constraints"))
    };
    let begins = words.keyword(Keyword::SET).is_some() && words.next_if(is_constraints).is_some();
    let last = tokens.iter().rposition(|token| matches!(token.token, Token::Word(_)));
    let (Some(last), true) = (last, begins) else { return tokens };
    let after = words.at;
    let span = tokens[0].span;
    let name = |value: &str| {
        let value = value.to_owned();
        Token::Word(Word { value, quote_style: Some('"'), keyword: Keyword::NoKeyword })
    };
    let mut spelled = vec![tokens[0].clone()];
    spelled.extend([name(CONSTRAINTS), Token::Eq].map(|token| TokenWithSpan::new(token, span)));
    for (at, token) in tokens.iter().enumerate().skip(after) {
        if at == last {
            spelled.push(TokenWithSpan::new(Token::Comma, span));
        }
        spelled.push(match &token.token {
            Token::Word(word) if word.keyword == Keyword::ALL && word.quote_style.is_none() => {
                TokenWithSpan::new(name(CONSTRAINTS), span)
            }
            _ => token.clone(),
        });
    }
    spelled
}

/// Rewrites `FOR NO KEY UPDATE`, `FOR KEY SHARE` and `OF a, b` into clauses that the parser knows.
fn spell_out_locks(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut spelled = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        match clause(&tokens, at) {
            Some(clause) => {
                at = clause.end;
                clause.spell(&mut spelled);
            }
            None => {
                spelled.push(tokens[at].clone());
                at += 1;
            }
        }
    }
    spelled
}

/// The function that `WHERE CURRENT OF` becomes; no identifier can be it.
pub(crate) const CURRENT_OF: &str = "\0current of";

/// Rewrites `WHERE CURRENT OF cursor` into a call of a function.
fn spell_out_current(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut spelled = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        let mut words = Words { tokens: &tokens, at };
        let cursor = words
            .keyword(Keyword::WHERE)
            .and_then(|_| words.keyword(Keyword::CURRENT))
            .and_then(|_| words.keyword(Keyword::OF))
            .and_then(|_| words.next_if(|token| matches!(token, Token::Word(_))));
        let Some(TokenWithSpan { token: Token::Word(cursor), span }) = cursor else {
            spelled.push(tokens[at].clone());
            at += 1;
            continue;
        };
        let ident = ast::Ident { value: cursor.value.clone(), quote_style: cursor.quote_style, span: *span };
        let function =
            Word { value: CURRENT_OF.to_owned(), quote_style: Some('"'), keyword: Keyword::NoKeyword };
        let name = Token::SingleQuotedString(identifier(&ident).to_string());
        let call = [Token::make_keyword("WHERE"), Token::Word(function), Token::LParen, name, Token::RParen];
        spelled.extend(call.into_iter().map(|token| TokenWithSpan::new(token, *span)));
        at = words.at;
    }
    spelled
}

/// A locking clause among the tokens.
struct Clause<'a> {
    start: &'a TokenWithSpan,
    update: bool,
    marker: Option<&'static str>,
    of: Vec<Vec<TokenWithSpan>>,
    nonblock: Vec<TokenWithSpan>,
    end: usize,
}

fn clause(tokens: &[TokenWithSpan], at: usize) -> Option<Clause<'_>> {
    let mut words = Words { tokens, at };
    let start = words.keyword(Keyword::FOR)?;
    let (update, marker) = if words.keyword(Keyword::NO).is_some() {
        words.keyword(Keyword::KEY)?;
        words.keyword(Keyword::UPDATE)?;
        (true, Some(NO_KEY_UPDATE))
    } else if words.keyword(Keyword::KEY).is_some() {
        words.keyword(Keyword::SHARE)?;
        (false, Some(KEY_SHARE))
    } else if words.keyword(Keyword::UPDATE).is_some() {
        (true, None)
    } else {
        words.keyword(Keyword::SHARE)?;
        (false, None)
    };
    let mut of = Vec::new();
    if words.keyword(Keyword::OF).is_some() {
        loop {
            of.push(words.name()?);
            if words.token(&Token::Comma).is_none() {
                break;
            }
        }
    }
    let mut nonblock = Vec::new();
    if let Some(nowait) = words.keyword(Keyword::NOWAIT) {
        nonblock.push(nowait.clone());
    } else if let Some(skip) = words.keyword(Keyword::SKIP) {
        nonblock.extend([skip.clone(), words.keyword(Keyword::LOCKED)?.clone()]);
    }
    Some(Clause { start, update, marker, of, nonblock, end: words.at })
}

impl Clause<'_> {
    fn spell(self, spelled: &mut Vec<TokenWithSpan>) {
        let span = self.start.span;
        let token = |token| TokenWithSpan::new(token, span);
        let keyword = |text| token(Token::make_keyword(text));
        let mode = if self.update { "UPDATE" } else { "SHARE" };
        let names = if self.of.is_empty() { vec![Vec::new()] } else { self.of };
        for name in names {
            spelled.extend([self.start.clone(), keyword(mode)]);
            if self.marker.is_some() || !name.is_empty() {
                spelled.push(keyword("OF"));
            }
            if let Some(marker) = self.marker {
                spelled.push(token(Token::Word(Word {
                    value: marker.to_owned(),
                    quote_style: Some('"'),
                    keyword: Keyword::NoKeyword,
                })));
                if !name.is_empty() {
                    spelled.push(token(Token::Period));
                }
            }
            spelled.extend(name);
            spelled.extend(self.nonblock.iter().cloned());
        }
    }
}

/// Tokens without what stands between them.
struct Words<'a> {
    tokens: &'a [TokenWithSpan],
    at: usize,
}

impl<'a> Words<'a> {
    fn next_if(&mut self, test: impl FnOnce(&Token) -> bool) -> Option<&'a TokenWithSpan> {
        let skipped =
            self.tokens[self.at..].iter().position(|token| !matches!(token.token, Token::Whitespace(_)))?;
        let token = &self.tokens[self.at + skipped];
        if !test(&token.token) {
            return None;
        }
        self.at += skipped + 1;
        Some(token)
    }

    fn keyword(&mut self, keyword: Keyword) -> Option<&'a TokenWithSpan> {
        self.next_if(|token| matches!(token, Token::Word(word) if word.keyword == keyword && word.quote_style.is_none()))
    }

    fn token(&mut self, wanted: &Token) -> Option<&'a TokenWithSpan> {
        self.next_if(|token| token == wanted)
    }

    fn name(&mut self) -> Option<Vec<TokenWithSpan>> {
        let mut name = Vec::new();
        loop {
            name.push(self.next_if(|token| matches!(token, Token::Word(_)))?.clone());
            match self.token(&Token::Period) {
                Some(period) => name.push(period.clone()),
                None => return Some(name),
            }
        }
    }
}
