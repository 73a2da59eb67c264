//! What ARCHITECTURE.md says of the tree is true of the tree.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The files and folders below a folder of the tree, each by its path from the root; folders end with a slash.
fn below(folder: &str, paths: &mut BTreeSet<String>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for entry in fs::read_dir(root.join(folder)).expect("the tree can be read") {
        let entry = entry.expect("the tree can be read");
        let name = entry.file_name().into_string().expect("names are text");
        if name.starts_with('.') || name == "target" {
            continue;
        }
        let path = format!("{folder}{name}");
        if entry.path().is_dir() {
            below(&format!("{path}/"), paths);
            paths.insert(format!("{path}/"));
        } else {
            paths.insert(path);
        }
    }
}

fn tree() -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    below("", &mut paths);
    paths
}

fn page() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("ARCHITECTURE.md")).expect("it is there")
}

/// The code map: each folder of it with the files and folders that are named there.
fn map(page: &str) -> Vec<(String, Vec<&str>)> {
    let map = page.split_once("## Code map").expect("it has one").1.split("```").nth(1).expect("a block");
    let mut sections: Vec<(String, Vec<&str>)> = Vec::new();
    let mut top = "";
    for line in map.lines().filter(|line| !line.is_empty()) {
        let (name, text) = line.split_at_checked(16).unwrap_or((line, ""));
        let folder = name.trim();
        if !name.starts_with(' ') {
            top = folder;
            sections.push((top.to_owned(), Vec::new()));
        } else if !folder.is_empty() {
            sections.push((format!("{top}{folder}"), Vec::new()));
        }
        let words = text.split(|letter: char| !(letter.is_alphanumeric() || "_-/.".contains(letter)));
        let is_path = |word: &&str| word.ends_with(".rs") || (word.len() > 1 && word.ends_with('/'));
        sections.last_mut().expect("a map begins with a folder").1.extend(words.filter(is_path));
    }
    sections
}

#[test]
fn what_the_map_names_is_where_it_says() {
    let (tree, page) = (tree(), page());
    let sections = map(&page);
    assert!(sections.iter().map(|(_, names)| names.len()).sum::<usize>() > 100, "{sections:?}");
    for (folder, names) in sections {
        assert!(tree.contains(&folder), "there is no {folder}");
        for name in names {
            let named = format!("/{name}");
            let is_there = tree
                .iter()
                .any(|path| path.starts_with(&folder) && path[folder.len() - 1..].ends_with(&named));
            assert!(is_there, "there is no {name} in {folder}");
        }
    }
}

#[test]
fn what_the_text_names_is_there() {
    let (tree, page) = (tree(), page());
    let quoted = page.split('`').skip(1).step_by(2);
    let paths = quoted.filter(|text| text.contains('/') && !text.contains(char::is_whitespace));
    let paths: Vec<&str> = paths.collect();
    assert!(paths.len() > 5, "{paths:?}");
    for path in paths {
        assert!(tree.contains(path) || tree.contains(&format!("{path}/")), "there is no {path}");
    }
}

/// Every folder of sources is on the map.
#[test]
fn the_map_names_every_folder_of_sources() {
    let (tree, page) = (tree(), page());
    let sections = map(&page);
    for folder in tree.iter().filter(|path| path.ends_with('/') && path.contains("src/")) {
        let (_, inside) = folder.split_once("src/").expect("it has one");
        if inside.is_empty() {
            continue;
        }
        let name = inside.trim_end_matches('/').rsplit('/').next().expect("a split has a last part");
        let section = sections.iter().filter(|(top, _)| folder.starts_with(top.as_str()));
        let (top, names) = section.max_by_key(|(top, _)| top.len()).expect("its crate is on the map");
        assert!(
            names.iter().any(|named| named.trim_end_matches('/') == name),
            "{folder} is not named in {top}"
        );
    }
}
