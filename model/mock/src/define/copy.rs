//! COPY ... TO STDOUT: each line is a row of one text column (PostgreSQL's copyto.c).

use crate::error::{error, unsupported};
use crate::executor::Executor;
use crate::plan::{Kind, Text};
use crate::types::{self, Datum};
use drawloom_model::{Reply, SqlError, Value};
use sqlparser::ast;

/// How the lines are written.
#[derive(Debug)]
struct Format {
    is_csv: bool,
    delimiter: char,
    null: String,
    header: bool,
    quote: char,
    escape: char,
}

impl Executor {
    pub(super) async fn copy_out(
        &self,
        source: &ast::CopySource,
        options: &[ast::CopyOption],
    ) -> Result<Reply, SqlError> {
        let format = Format::of(options)?;
        let sql = match source {
            ast::CopySource::Query(query) => query.to_string(),
            ast::CopySource::Table { table_name, columns } if columns.is_empty() => {
                format!("SELECT * FROM {table_name}")
            }
            ast::CopySource::Table { table_name, columns } => {
                let columns: Vec<String> = columns.iter().map(ToString::to_string).collect();
                format!("SELECT {} FROM {table_name}", columns.join(", "))
            }
        };
        let plan = self.locked_plan(&*Text::of(&sql)?).await?;
        let Some(plan) = plan else { return Err(unsupported("COPY of what is no query")) };
        let Kind::Query(query) = &plan.kind else {
            return Err(unsupported("COPY of a statement that changes rows"));
        };
        let rows = self.query(query, self.reader(), &[]).await?;
        let mut lines = Vec::new();
        if format.header {
            lines.push(format.line(query.columns.iter().map(|column| Some(column.name.to_string()))));
        }
        for row in &rows {
            let texts = row.iter().zip(&query.columns).map(|(datum, column)| match datum {
                Datum::Null => None,
                datum => Some(types::output(datum, column.ty)),
            });
            lines.push(format.line(texts));
        }
        let affected = u64::try_from(rows.len()).expect("rows fit into memory");
        let rows = lines.into_iter().map(|line| vec![Value::Text(line)]).collect();
        Ok(Reply { columns: ["copy".to_owned()].into(), rows, affected })
    }
}

impl Format {
    fn of(options: &[ast::CopyOption]) -> Result<Format, SqlError> {
        use ast::CopyOption as Option;
        let mut format = Format {
            is_csv: false,
            delimiter: '\t',
            null: "\\N".to_owned(),
            header: false,
            quote: '"',
            escape: '"',
        };
        for option in options {
            if let Option::Format(name) = option {
                match name.value.to_ascii_lowercase().as_str() {
                    "text" => (),
                    "csv" => (format.is_csv, format.delimiter, format.null) = (true, ',', String::new()),
                    "binary" => return Err(unsupported("COPY in binary")),
                    other => return Err(error("22023", format!("COPY format \"{other}\" not recognized"))),
                }
            }
        }
        for option in options {
            match option {
                Option::Format(_) | Option::Encoding(_) => (),
                Option::Delimiter(delimiter) => format.delimiter = *delimiter,
                Option::Null(null) => format.null.clone_from(null),
                Option::Header(header) => format.header = *header,
                Option::Quote(_) if !format.is_csv => {
                    return Err(error("0A000", "COPY quote available only in CSV mode"));
                }
                Option::Escape(_) if !format.is_csv => {
                    return Err(error("0A000", "COPY escape available only in CSV mode"));
                }
                Option::Quote(quote) => (format.quote, format.escape) = (*quote, *quote),
                Option::Escape(_) => (),
                other => return Err(unsupported(format!("COPY {other}"))),
            }
        }
        for option in options {
            if let Option::Escape(escape) = option {
                format.escape = *escape;
            }
        }
        Ok(format)
    }

    fn line(&self, texts: impl Iterator<Item = Option<String>>) -> String {
        let fields: Vec<Option<String>> = texts.collect();
        let is_alone = fields.len() == 1;
        let field = |text: &Option<String>| match text {
            None => self.null.clone(),
            Some(text) if self.is_csv => self.csv(text, is_alone),
            Some(text) => self.text(text),
        };
        let fields: Vec<String> = fields.iter().map(field).collect();
        fields.join(&self.delimiter.to_string())
    }

    fn text(&self, text: &str) -> String {
        let mut field = String::with_capacity(text.len());
        for c in text.chars() {
            let name = match c {
                '\u{8}' => 'b',
                '\u{c}' => 'f',
                '\n' => 'n',
                '\r' => 'r',
                '\t' => 't',
                '\u{b}' => 'v',
                c if c == '\\' || c == self.delimiter => c,
                c => {
                    field.push(c);
                    continue;
                }
            };
            field.extend(['\\', name]);
        }
        field
    }

    fn csv(&self, text: &str, is_alone: bool) -> String {
        let special = |c: char| c == self.delimiter || c == self.quote || c == '\n' || c == '\r';
        // What would end the data is not read as that.
        let needs = text.contains(special) || text == self.null || (is_alone && text == "\\.");
        if !needs {
            return text.to_owned();
        }
        let mut field = String::from(self.quote);
        for c in text.chars() {
            if c == self.quote || c == self.escape {
                field.push(self.escape);
            }
            field.push(c);
        }
        field.push(self.quote);
        field
    }
}

#[cfg(test)]
mod tests {
    use super::Format;
    use sqlparser::ast::{CopyOption, Ident};

    fn line(options: &[CopyOption], texts: &[Option<&str>]) -> String {
        let texts = texts.iter().map(|text| text.map(str::to_owned));
        Format::of(options).expect("the options are PostgreSQL's").line(texts)
    }

    #[test]
    fn a_line_of_text_is_escaped_as_postgresql_escapes_it() {
        assert_eq!(line(&[], &[Some("a\tb\\c"), None, Some("x\ny")]), "a\\tb\\\\c\t\\N\tx\\ny");
        assert_eq!(line(&[CopyOption::Delimiter('|')], &[Some("a|b"), Some("c\td")]), "a\\|b|c\\td");
    }

    #[test]
    fn a_line_of_csv_is_quoted_as_postgresql_quotes_it() {
        let csv = CopyOption::Format(Ident::new("csv"));
        let row = [Some("a,b"), None, Some(""), Some("say \"x\""), Some("plain")];
        assert_eq!(line(&[csv], &row), "\"a,b\",,\"\",\"say \"\"x\"\"\",plain");
    }
}
