//! The replays in `corpus/` are still the same runs, with their findings.

use drawloom_replays::corpus;
use drawloom_sim::Host;
use std::path::Path;

#[test]
fn every_replay_of_the_corpus_is_still_the_same() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let entries = corpus::list(Host::best(), &folder).expect("the corpus can be read");
    assert!(!entries.is_empty(), "the corpus is empty: docs/replays.md says how to fill it");
    let broken: Vec<String> = entries
        .iter()
        .filter(|entry| !entry.holds())
        .map(|entry| format!("{}\n  {}\n", entry.path.display(), entry.verdict()))
        .collect();
    assert!(
        broken.is_empty(),
        "{}If that is a mistake, mend it. If the change is meant, `drawloom replay` says whether the finding is \
         still there; then record the corpus again, as docs/replays.md says.",
        broken.concat()
    );
}
