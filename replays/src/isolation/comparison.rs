//! What was printed beside what was expected: how many permutations are equal, and where they differ first.

use super::difference::difference;

/// A comparison of what a test printed with what was expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// How many permutations were to be run.
    pub permutations: usize,
    /// How many of them were printed as expected.
    pub equal: usize,
    /// Where it differs first, if it does.
    pub first: Option<Spot>,
}

/// Where two texts differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    /// The permutation, by its steps; none before the first one.
    pub permutation: Option<String>,
    /// The line of the expected text, from 1.
    pub line: usize,
    /// What was expected there, if not the end.
    pub expected: Option<String>,
    /// What was printed instead, if not the end.
    pub printed: Option<String>,
}

/// Compares with that of the expected texts with which most permutations are equal. An expected text is what
/// PostgreSQL's `pg_isolation_regress` keeps: results and remarks in the order in which they were printed.
///
/// # Panics
/// Nothing was expected.
pub fn compare<'a>(printed: &str, expected: &'a [String]) -> (&'a str, Comparison) {
    let compared = expected.iter().map(|expected| (expected.as_str(), compare_one(printed, expected)));
    // The first of the best; the last one would be as good.
    compared
        .reduce(|best, next| if rank(&next.1) > rank(&best.1) { next } else { best })
        .expect("something was expected")
}

fn rank(comparison: &Comparison) -> (bool, usize) {
    (comparison.first.is_none(), comparison.equal)
}

fn compare_one(printed: &str, expected: &str) -> Comparison {
    let (ours, theirs) = (Blocks::of(printed), Blocks::of(expected));
    let equal = theirs.permutations.iter().zip(&ours.permutations).filter(|(a, b)| a == b).count();
    let first = (printed != expected).then(|| first_spot(printed, expected));
    Comparison { permutations: theirs.permutations.len(), equal, first }
}

fn first_spot(printed: &str, expected: &str) -> Spot {
    let (ours, theirs): (Vec<&str>, Vec<&str>) = (lines(printed), lines(expected));
    let same = ours.iter().zip(&theirs).take_while(|(a, b)| a == b).count();
    let at_hand = if same < theirs.len() { &theirs[..=same] } else { &theirs[..] };
    let permutation = at_hand.iter().rev().find_map(|line| line.strip_prefix(TITLE));
    let line = |lines: &[&str]| lines.get(same).map(|line| (*line).to_owned());
    Spot {
        permutation: permutation.map(str::to_owned),
        line: same + 1,
        expected: line(&theirs),
        printed: line(&ours),
    }
}

fn lines(text: &str) -> Vec<&str> {
    text.split('\n').collect()
}

/// Each permutation that is not printed as expected, line by line: `-` what was expected, `+` what was printed.
pub fn differences(printed: &str, expected: &str) -> String {
    let (ours, theirs) = (Blocks::of(printed), Blocks::of(expected));
    let mut text = difference(ours.head, theirs.head);
    for index in 0..ours.permutations.len().max(theirs.permutations.len()) {
        let block =
            |blocks: &Blocks<'_>| blocks.permutations.get(index).copied().unwrap_or_default().to_owned();
        text += &difference(&block(&ours), &block(&theirs));
    }
    text
}

const TITLE: &str = "starting permutation: ";

/// What was printed, by permutation.
struct Blocks<'a> {
    /// What comes before the first.
    head: &'a str,
    permutations: Vec<&'a str>,
}

impl<'a> Blocks<'a> {
    fn of(text: &'a str) -> Blocks<'a> {
        let starts: Vec<usize> = text.match_indices("\nstarting permutation: ").map(|(at, _)| at).collect();
        let ends = starts.iter().skip(1).copied().chain([text.len()]);
        Blocks {
            head: &text[..starts.first().copied().unwrap_or(text.len())],
            // The line end before a title belongs to no permutation.
            permutations: starts.iter().zip(ends).map(|(start, end)| &text[start + 1..end]).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPECTED: &str = "Parsed\n\nstarting permutation: a b\nx\ny\n\nstarting permutation: b a\nz\n";

    #[test]
    fn the_first_difference_is_named_with_its_permutation() {
        let spot = |printed: &str| compare_one(printed, EXPECTED);
        let same = spot(EXPECTED);
        assert_eq!(same, Comparison { permutations: 2, equal: 2, first: None });
        let second = spot(&EXPECTED.replace('z', "w"));
        let named = Spot {
            permutation: Some("b a".into()),
            line: 8,
            expected: Some("z".into()),
            printed: Some("w".into()),
        };
        assert_eq!(second, Comparison { permutations: 2, equal: 1, first: Some(named) });
        let cut = spot("Parsed\n\nstarting permutation: a b\nx\ny\n");
        assert_eq!(cut.equal, 1);
        let first = cut.first.unwrap();
        assert_eq!((first.permutation.as_deref(), first.line, first.printed), (Some("b a"), 7, None));
        assert_eq!(spot("").first.unwrap().permutation, None);
    }

    #[test]
    fn the_best_of_several_counts() {
        let other = EXPECTED.replace('x', "w");
        let all = [other.clone(), EXPECTED.to_owned()];
        assert_eq!(compare(EXPECTED, &all).0, EXPECTED);
        assert_eq!(compare(&other, &all).0, other);
    }

    #[test]
    fn differences_show_the_permutations_that_differ() {
        assert_eq!(differences(EXPECTED, EXPECTED), "");
        assert_eq!(
            differences(&EXPECTED.replace("y\n", "y2\n"), EXPECTED),
            " starting permutation: a b\n x\n-y\n+y2\n"
        );
    }
}
