//! Two texts, line by line.

/// How many cells a table of common lines has at most: beyond that, all lines count as different.
const CELLS_MAX: usize = 1 << 22;

/// Nothing if they are equal; else each line after ` ` if both have it, `-` if only what was expected has it, `+` if
/// only what was printed has it.
pub fn difference(printed: &str, expected: &str) -> String {
    if printed == expected {
        return String::new();
    }
    let (ours, theirs): (Vec<&str>, Vec<&str>) = (printed.lines().collect(), expected.lines().collect());
    let common = common(&theirs, &ours);
    let (mut text, mut at_theirs, mut at_ours) = (String::new(), 0, 0);
    for (until_theirs, until_ours) in common.into_iter().chain([(theirs.len(), ours.len())]) {
        theirs[at_theirs..until_theirs].iter().for_each(|line| text += &format!("-{line}\n"));
        ours[at_ours..until_ours].iter().for_each(|line| text += &format!("+{line}\n"));
        if let Some(line) = theirs.get(until_theirs) {
            text += &format!(" {line}\n");
        }
        (at_theirs, at_ours) = (until_theirs + 1, until_ours + 1);
    }
    text
}

/// The places of a longest common subsequence.
fn common(a: &[&str], b: &[&str]) -> Vec<(usize, usize)> {
    let width = b.len() + 1;
    if (a.len() + 1).saturating_mul(width) > CELLS_MAX {
        return Vec::new();
    }
    // How many lines the rests from (x, y) on have in common.
    let mut lengths = vec![0_u32; (a.len() + 1) * width];
    for x in (0..a.len()).rev() {
        for y in (0..b.len()).rev() {
            lengths[x * width + y] = match a[x] == b[y] {
                true => lengths[(x + 1) * width + y + 1] + 1,
                false => lengths[(x + 1) * width + y].max(lengths[x * width + y + 1]),
            };
        }
    }
    let (mut x, mut y, mut places) = (0, 0, Vec::new());
    while x < a.len() && y < b.len() {
        if a[x] == b[y] {
            places.push((x, y));
            (x, y) = (x + 1, y + 1);
        } else if lengths[(x + 1) * width + y] >= lengths[x * width + y + 1] {
            x += 1;
        } else {
            y += 1;
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::difference;
    use proptest::prelude::*;

    #[test]
    fn what_both_have_stands_between_what_one_has() {
        assert_eq!(difference("a\nb\nd\n", "a\nc\nd\ne\n"), " a\n-c\n+b\n d\n-e\n");
        assert_eq!(difference("", "a\n"), "-a\n");
        assert_eq!(difference("a\n", "a\n"), "");
    }

    proptest! {
        #[test]
        fn both_texts_can_be_read_back(a in "([abc]\n){0,12}", b in "([abc]\n){0,12}") {
            prop_assume!(a != b);
            let text = difference(&a, &b);
            let side = |other: char| -> String {
                let lines = text.lines().filter(|line| !line.starts_with(other));
                lines.map(|line| format!("{}\n", &line[1..])).collect()
            };
            prop_assert_eq!(side('-'), a);
            prop_assert_eq!(side('+'), b);
        }
    }
}
