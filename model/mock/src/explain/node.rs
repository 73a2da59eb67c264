//! A plan as a tree of words.

/// A step of a plan.
#[derive(Debug, Default)]
pub(super) struct Node {
    pub title: String,
    /// `Filter: ...` and the like.
    pub details: Vec<String>,
    /// What is worked out beside it, once: what it is called, and how.
    pub before: Vec<(String, Node)>,
    pub inputs: Vec<Node>,
    /// What is worked out for its rows.
    pub after: Vec<(String, Node)>,
}

impl Node {
    pub fn new(title: impl Into<String>) -> Node {
        Node { title: title.into(), ..Node::default() }
    }

    /// A step over the rows of this one.
    pub fn under(self, title: impl Into<String>) -> Node {
        Node { inputs: vec![self], ..Node::new(title) }
    }

    pub fn detail(mut self, detail: String) -> Node {
        self.details.push(detail);
        self
    }

    /// Its lines, and those of what is below it.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        self.print("", "", &mut lines);
        lines
    }

    fn print(&self, first: &str, rest: &str, lines: &mut Vec<String>) {
        lines.push(format!("{first}{}", self.title));
        lines.extend(self.details.iter().map(|detail| format!("{rest}  {detail}")));
        let named = |(name, node): &(String, Node), lines: &mut Vec<String>| {
            lines.push(format!("{rest}  {name}"));
            node.print(&format!("{rest}    ->  "), &format!("{rest}        "), lines);
        };
        self.before.iter().for_each(|it| named(it, lines));
        for input in &self.inputs {
            input.print(&format!("{rest}  ->  "), &format!("{rest}      "), lines);
        }
        self.after.iter().for_each(|it| named(it, lines));
    }
}
