//! What the parser does not know, spelled as something that it does: with names that no identifier can be, for they
//! begin with a character that no text has.

use crate::catalog::identifier;
use crate::error::{error, unsupported};
use crate::inference;
use crate::overriding;
use crate::shorthand;
use crate::store::RowLock;
use drawloom_model::SqlError;
use sqlparser::ast;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan, Word};
use std::rc::Rc;

/// Respells a statement.
pub(crate) fn spell_out(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let tokens = spell_out_nulls(spell_out_current(spell_out_constraints(spell_out_locks(tokens))));
    shorthand::spell_out(overriding::spell_out(inference::spell_out(tokens)))
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

/// The collation that NULLS NOT DISTINCT becomes, before the UNIQUE of a column that says so; no identifier can be it.
const NULLS_ALIKE: &str = "\0nulls not distinct";

/// Whether a collation is none, but says that the column's next UNIQUE is NULLS NOT DISTINCT.
pub(crate) fn is_nulls_alike(collation: &ast::ObjectName) -> bool {
    matches!(collation.0.as_slice(), [part] if part.as_ident().is_some_and(|ident| ident.value == NULLS_ALIKE))
}

/// Rewrites `UNIQUE NULLS NOT DISTINCT` of a column; that of a table the parser knows.
fn spell_out_nulls(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut spelled = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        let mut words = Words { tokens: &tokens, at };
        let unique = words.keyword(Keyword::UNIQUE).filter(|_| words.keyword(Keyword::NULLS).is_some());
        let alike = words.keyword(Keyword::NOT).is_some();
        let Some(unique) = unique.filter(|_| words.keyword(Keyword::DISTINCT).is_some()) else {
            spelled.push(tokens[at].clone());
            at += 1;
            continue;
        };
        let end = words.at;
        if words.token(&Token::LParen).is_some() {
            spelled.extend_from_slice(&tokens[at..end]);
        } else {
            let word =
                Word { value: NULLS_ALIKE.to_owned(), quote_style: Some('"'), keyword: Keyword::NoKeyword };
            let collation = [Token::make_keyword("COLLATE"), Token::Word(word)];
            let collation = collation.into_iter().filter(|_| alike);
            spelled.extend(collation.map(|token| TokenWithSpan::new(token, unique.span)));
            spelled.push(unique.clone());
        }
        at = end;
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
