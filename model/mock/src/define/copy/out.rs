//! COPY ... TO STDOUT: each line is a row of one text column (PostgreSQL's copyto.c).

use super::format::{Format, Header};
use super::places;
use crate::catalog::QualifiedName;
use crate::command::{CopyOption, CopySubject};
use crate::error::unsupported;
use crate::executor::Executor;
use crate::plan::{Kind, Text};
use crate::types::{self, Datum};
use drawloom_model::{Reply, SqlError, Value};
use sqlparser::ast;

impl Executor {
    pub(super) async fn copy_out(
        &self,
        subject: &CopySubject,
        options: &[CopyOption],
    ) -> Result<Reply, SqlError> {
        let (sql, format) = match subject {
            CopySubject::Query(query) => (query.to_string(), Format::of(options, false)?),
            CopySubject::Relation { name, columns } => {
                let table = self.refuse_other(&QualifiedName::of(name)?, "from")?;
                let named = places(&table, columns)?;
                let named: Vec<&str> = named.iter().map(|place| &*table.columns[*place].name).collect();
                let format = Format::of(options, false)?;
                format.check_columns(&table, &named)?;
                let quoted = named.iter().map(|name| ast::Ident::with_quote('"', *name).to_string());
                (format!("SELECT {} FROM {name}", quoted.collect::<Vec<_>>().join(", ")), format)
            }
        };
        let plan = self.locked_plan(&*Text::of(&sql)?).await?;
        let Some(plan) = plan else { return Err(unsupported("COPY of what is no query")) };
        let Kind::Query(query) = &plan.kind else {
            return Err(unsupported("COPY of a statement that changes rows"));
        };
        let rows = self.query(query, self.reader(), &[]).await?;
        let mut lines = Vec::new();
        if format.header != Header::No {
            let names = query.columns.iter().map(|column| (Some(column.name.to_string()), false));
            lines.push(format.line(names));
        }
        for row in &rows {
            let fields = row.iter().zip(&query.columns).map(|(datum, column)| match datum {
                Datum::Null => (None, false),
                datum => (Some(types::output(datum, column.ty)), format.force_quote.has(&column.name)),
            });
            lines.push(format.line(fields));
        }
        let affected = u64::try_from(rows.len()).expect("rows fit into memory");
        let rows = lines.into_iter().map(|line| vec![Value::Text(line)]).collect();
        Ok(Reply { columns: ["copy".to_owned()].into(), rows, affected })
    }
}

impl Format {
    /// A line of these fields, some of which are to be quoted whatever they are.
    fn line(&self, fields: impl Iterator<Item = (Option<String>, bool)>) -> String {
        let fields: Vec<(Option<String>, bool)> = fields.collect();
        let is_alone = fields.len() == 1;
        let field = |field: &(Option<String>, bool)| match field {
            (None, _) => self.null.clone(),
            (Some(text), is_forced) if self.is_csv => self.csv(text, *is_forced, is_alone),
            (Some(text), _) => self.text(text),
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

    fn csv(&self, text: &str, is_forced: bool, is_alone: bool) -> String {
        let special = |c: char| c == self.delimiter || c == self.quote || c == '\n' || c == '\r';
        // What would end the data is not read as that.
        let needs = is_forced || text.contains(special) || text == self.null || (is_alone && text == "\\.");
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
    use crate::command::{CopyOption, CopyValue};

    fn line(options: &[(&str, &str)], texts: &[Option<&str>]) -> String {
        let option = |(name, value): &(&str, &str)| CopyOption {
            name: (*name).to_owned(),
            value: CopyValue::Word((*value).to_owned()),
        };
        let options: Vec<CopyOption> = options.iter().map(option).collect();
        let fields = texts.iter().map(|text| (text.map(str::to_owned), false));
        Format::of(&options, false).expect("the options are PostgreSQL's").line(fields)
    }

    #[test]
    fn a_line_of_text_is_escaped_as_postgresql_escapes_it() {
        assert_eq!(line(&[], &[Some("a\tb\\c"), None, Some("x\ny")]), "a\\tb\\\\c\t\\N\tx\\ny");
        assert_eq!(line(&[("delimiter", "|")], &[Some("a|b"), Some("c\td")]), "a\\|b|c\\td");
    }

    #[test]
    fn a_line_of_csv_is_quoted_as_postgresql_quotes_it() {
        let row = [Some("a,b"), None, Some(""), Some("say \"x\""), Some("plain")];
        assert_eq!(line(&[("format", "csv")], &row), "\"a,b\",,\"\",\"say \"\"x\"\"\",plain");
    }
}
