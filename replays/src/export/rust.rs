//! A replay as a test, to stand in a user's own test file until the bug is fixed, and after.

use crate::replay::Replay;

/// A complete `#[test]`: it fails, and draws the interleaving, while the finding of this replay comes back.
/// `bytes` are the replay's.
pub fn rust(replay: &Replay, bytes: &[u8]) -> String {
    let findings: String =
        super::findings(&replay.findings).iter().map(|finding| format!("// {finding}\n")).collect();
    let fails = match replay.findings[..] {
        [] => "// There is nothing to be fixed, so the test passes as long as the replay fits.\n",
        _ => "// The test fails, and draws how it comes about, until that is fixed.\n",
    };
    format!(
        "// {title}\n{findings}{fails}\
         // It needs the crate `drawloom`. For a workload of your own: drawloom::expect_fixed_among(REPLAY, &[&It]).\n\
         #[test]\n\
         fn {name}() {{\n    const REPLAY: &[u8] = {literal};\n    drawloom::expect_fixed(REPLAY);\n}}\n",
        title = super::title(replay),
        name = name(replay),
        literal = literal(bytes),
    )
}

/// `bank_read_modify_write_seed_7`.
fn name(replay: &Replay) -> String {
    let name = format!("{}_seed_{}", replay.plan.stem(), replay.header.name);
    let name = name.replace(|c: char| !c.is_ascii_alphanumeric(), "_").to_ascii_lowercase();
    if name.starts_with(|c: char| c.is_ascii_digit()) { format!("_{name}") } else { name }
}

/// The bytes as a literal, in lines of about a hundred columns. The texts in it can be read.
fn literal(bytes: &[u8]) -> String {
    const WIDTH: usize = 96;
    let mut text = String::from("b\"");
    let mut width = WIDTH;
    for byte in bytes {
        let mut escaped = byte.escape_ascii().to_string();
        if *byte == 0 {
            escaped = "\\0".to_owned();
        }
        if width + escaped.len() > WIDTH {
            text += "\\\n    ";
            width = 0;
            // Blanks at the beginning of a line do not count.
            if *byte == b' ' {
                escaped = "\\x20".to_owned();
            }
        }
        width += escaped.len();
        text += &escaped;
    }
    text + "\""
}
