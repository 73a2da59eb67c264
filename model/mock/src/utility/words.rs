//! A statement's tokens, read word by word.

use crate::catalog::identifier;
use crate::sql;
use drawloom_model::SqlError;
use sqlparser::ast;
use sqlparser::tokenizer::{Token, TokenWithSpan};
use std::rc::Rc;

/// The tokens of a statement, and how far they are read.
pub(crate) struct Words<'a> {
    tokens: &'a [TokenWithSpan],
    /// The text's.
    end: Option<&'a TokenWithSpan>,
    at: usize,
}

impl<'a> Words<'a> {
    /// Those of a text of one statement; `None`: it has several.
    pub fn of(tokens: &'a [TokenWithSpan]) -> Option<Words<'a>> {
        let (end, mut tokens) = match tokens.split_last() {
            Some((last, others)) if last.token == Token::EOF => (Some(last), others),
            _ => (None, tokens),
        };
        while let Some((TokenWithSpan { token: Token::SemiColon, .. }, others)) = tokens.split_last() {
            tokens = others;
        }
        let is_one = tokens.iter().all(|token| token.token != Token::SemiColon);
        is_one.then_some(Words { tokens, end, at: 0 })
    }

    /// Those from this place on.
    pub fn from(tokens: &'a [TokenWithSpan], at: usize) -> Words<'a> {
        Words { tokens, end: None, at }
    }

    /// How many are read.
    pub fn place(&self) -> usize {
        self.at
    }

    fn peek(&self) -> Option<&'a Token> {
        Some(&self.tokens.get(self.at)?.token)
    }

    /// Whether these words come next.
    pub fn sees(&self, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(ahead, wanted)| match self.tokens.get(self.at + ahead) {
            Some(TokenWithSpan { token: Token::Word(word), .. }) => {
                word.quote_style.is_none() && word.value.eq_ignore_ascii_case(wanted)
            }
            _ => false,
        })
    }

    /// Passes this word, if it comes next.
    pub fn word(&mut self, wanted: &str) -> bool {
        self.words(&[wanted])
    }

    /// Passes these words, if they all come next.
    pub fn words(&mut self, wanted: &[&str]) -> bool {
        let sees = self.sees(wanted);
        if sees {
            self.at += wanted.len();
        }
        sees
    }

    /// Whether this sign comes next.
    pub fn sign_ahead(&self, wanted: &Token) -> bool {
        self.peek() == Some(wanted)
    }

    /// Passes this sign, if it comes next.
    pub fn sign(&mut self, wanted: &Token) -> bool {
        let sees = self.peek() == Some(wanted);
        self.at += usize::from(sees);
        sees
    }

    /// Passes a word that must come next.
    ///
    /// # Errors
    /// `42601`: another one does.
    pub fn expect(&mut self, wanted: &str) -> Result<(), SqlError> {
        if self.word(wanted) { Ok(()) } else { Err(self.unexpected()) }
    }

    /// A name.
    ///
    /// # Errors
    /// `42601`: none comes next.
    pub fn name(&mut self) -> Result<Rc<str>, SqlError> {
        let Some(Token::Word(word)) = self.peek() else { return Err(self.unexpected()) };
        let ident = ast::Ident {
            value: word.value.clone(),
            quote_style: word.quote_style,
            span: self.tokens[self.at].span,
        };
        self.at += 1;
        Ok(identifier(&ident))
    }

    /// A string.
    pub fn string(&mut self) -> Option<Rc<str>> {
        let (Token::SingleQuotedString(text) | Token::EscapedStringLiteral(text)) = self.peek()? else {
            return None;
        };
        self.at += 1;
        Some(text.as_str().into())
    }

    /// A number without its sign, as it is written.
    pub fn number(&mut self) -> Option<Rc<str>> {
        let Token::Number(digits, _) = self.peek()? else { return None };
        self.at += 1;
        Some(digits.as_str().into())
    }

    /// A whole number, with its sign.
    ///
    /// # Errors
    /// `42601`: it is none.
    pub fn whole(&mut self) -> Result<Option<i64>, SqlError> {
        let start = self.at;
        let minus = self.sign(&Token::Minus);
        if !minus {
            self.sign(&Token::Plus);
        }
        match self.number() {
            None if self.at == start => Ok(None),
            None => Err(self.unexpected()),
            Some(digits) => match digits.parse::<i32>() {
                Ok(number) => Ok(Some(if minus { -i64::from(number) } else { number.into() })),
                Err(_) => {
                    self.at -= 1;
                    Err(self.unexpected())
                }
            },
        }
    }

    /// Whether nothing is left.
    pub fn is_over(&self) -> bool {
        self.at == self.tokens.len()
    }

    /// Nothing may be left.
    ///
    /// # Errors
    /// `42601`: something is.
    pub fn end(&self) -> Result<(), SqlError> {
        if self.is_over() { Ok(()) } else { Err(self.unexpected()) }
    }

    /// What is left.
    ///
    /// # Errors
    /// `42601`: nothing is.
    pub fn rest(&mut self) -> Result<Vec<TokenWithSpan>, SqlError> {
        if self.is_over() {
            return Err(self.unexpected());
        }
        let rest = self.tokens[self.at..].iter().chain(self.end).cloned().collect();
        self.at = self.tokens.len();
        Ok(rest)
    }

    /// What stands in the parentheses that come next.
    pub fn parenthesized(&mut self) -> Option<Vec<TokenWithSpan>> {
        if self.peek() != Some(&Token::LParen) {
            return None;
        }
        let (mut depth, start) = (0_u32, self.at + 1);
        for (place, token) in self.tokens.iter().enumerate().skip(self.at) {
            match token.token {
                Token::LParen => depth += 1,
                Token::RParen => depth -= 1,
                _ => (),
            }
            if depth == 0 {
                self.at = place + 1;
                let mut inside = self.tokens[start..place].to_vec();
                inside.push(TokenWithSpan::new(Token::EOF, self.tokens[place].span));
                return Some(inside);
            }
        }
        None
    }

    /// What comes next may not.
    pub fn unexpected(&self) -> SqlError {
        sql::unexpected(self.tokens.get(self.at).or(self.end))
    }
}
