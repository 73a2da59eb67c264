//! What the parser does not know, spelled as something that it does: with names that no identifier can be, for they
//! begin with a character that no text has.

use crate::catalog::identifier;
use crate::error::{error, unsupported};
use crate::inference;
use crate::overriding;
use crate::shorthand;
use crate::store::RowLock;
use crate::utility::Words;
use drawloom_model::SqlError;
use sqlparser::ast;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan, Word};
use std::rc::Rc;

/// Respells a statement.
pub(crate) fn spell_out(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let tokens = spell_out_nulls(spell_out_current(spell_out_constraints(spell_out_locks(
        spell_out_intervals(tokens),
    ))));
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
    let mut words = Words::from(&tokens, 0);
    let begins = words.words(&["SET", "CONSTRAINTS"]);
    let last = tokens.iter().rposition(|token| matches!(token.token, Token::Word(_)));
    let (Some(last), true) = (last, begins) else { return tokens };
    let span = tokens[0].span;
    let constraints = || TokenWithSpan::new(quoted(CONSTRAINTS), span);
    let mut spelled = vec![tokens[0].clone(), constraints(), TokenWithSpan::new(Token::Eq, span)];
    for (at, token) in tokens.iter().enumerate().skip(words.place()) {
        if at == last {
            spelled.push(TokenWithSpan::new(Token::Comma, span));
        }
        spelled.push(if Words::from(&tokens, at).word("ALL") { constraints() } else { token.clone() });
    }
    spelled
}

/// A name that is quoted, as what no identifier can be is spelled.
pub(crate) fn quoted(name: &str) -> Token {
    Token::Word(Word { value: name.to_owned(), quote_style: Some('"'), keyword: Keyword::NoKeyword })
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

/// Rewrites `INTERVAL (0) '1.6 s'`, of which the parser loses the digits, into a cast.
fn spell_out_intervals(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut spelled = Vec::with_capacity(tokens.len());
    let mut rest = tokens.as_slice();
    while let [first, behind @ ..] = rest {
        if let [open, digits, close, literal, after @ ..] = behind
            && matches!(&first.token, Token::Word(word) if word.keyword == Keyword::INTERVAL)
            && (&open.token, &close.token) == (&Token::LParen, &Token::RParen)
            && matches!(digits.token, Token::Number(..))
            && matches!(literal.token, Token::SingleQuotedString(_))
        {
            let cast = TokenWithSpan::new(Token::DoubleColon, literal.span);
            spelled.extend([literal, &cast, first, open, digits, close].map(Clone::clone));
            rest = after;
        } else {
            spelled.push(first.clone());
            rest = behind;
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
        let mut words = Words::from(&tokens, at);
        let cursor = if words.words(&["WHERE", "CURRENT", "OF"]) { words.name().ok() } else { None };
        let Some(cursor) = cursor else {
            spelled.push(tokens[at].clone());
            at += 1;
            continue;
        };
        at = words.place();
        let span = tokens[at - 1].span;
        let name = Token::SingleQuotedString(cursor.to_string());
        let call = [Token::make_keyword("WHERE"), quoted(CURRENT_OF), Token::LParen, name, Token::RParen];
        spelled.extend(call.into_iter().map(|token| TokenWithSpan::new(token, span)));
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
        let mut words = Words::from(&tokens, at);
        let unique = &tokens[at];
        let is_found = words.words(&["UNIQUE", "NULLS"]);
        let alike = words.word("NOT");
        if !is_found || !words.word("DISTINCT") {
            spelled.push(unique.clone());
            at += 1;
            continue;
        }
        let end = words.place();
        if words.sign_ahead(&Token::LParen) {
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
    of: Vec<&'a [TokenWithSpan]>,
    nonblock: &'a [TokenWithSpan],
    end: usize,
}

fn clause(tokens: &[TokenWithSpan], at: usize) -> Option<Clause<'_>> {
    let mut words = Words::from(tokens, at);
    let (update, marker) = if words.words(&["FOR", "NO", "KEY", "UPDATE"]) {
        (true, Some(NO_KEY_UPDATE))
    } else if words.words(&["FOR", "KEY", "SHARE"]) {
        (false, Some(KEY_SHARE))
    } else if words.words(&["FOR", "UPDATE"]) {
        (true, None)
    } else if words.words(&["FOR", "SHARE"]) {
        (false, None)
    } else {
        return None;
    };
    let mut of = Vec::new();
    if words.word("OF") {
        loop {
            let begin = words.place();
            words.name().ok()?;
            while words.sign(&Token::Period) {
                words.name().ok()?;
            }
            of.push(&tokens[begin..words.place()]);
            if !words.sign(&Token::Comma) {
                break;
            }
        }
    }
    let begin = words.place();
    let _ = words.word("NOWAIT") || words.words(&["SKIP", "LOCKED"]);
    let end = words.place();
    Some(Clause { start: &tokens[at], update, marker, of, nonblock: &tokens[begin..end], end })
}

impl Clause<'_> {
    fn spell(self, spelled: &mut Vec<TokenWithSpan>) {
        let span = self.start.span;
        let token = |token| TokenWithSpan::new(token, span);
        let keyword = |text| token(Token::make_keyword(text));
        let mode = if self.update { "UPDATE" } else { "SHARE" };
        let names = if self.of.is_empty() { vec![&[][..]] } else { self.of };
        for name in names {
            spelled.extend([self.start.clone(), keyword(mode)]);
            if self.marker.is_some() || !name.is_empty() {
                spelled.push(keyword("OF"));
            }
            if let Some(marker) = self.marker {
                spelled.push(token(quoted(marker)));
                if !name.is_empty() {
                    spelled.push(token(Token::Period));
                }
            }
            spelled.extend_from_slice(name);
            spelled.extend_from_slice(self.nonblock);
        }
    }
}
