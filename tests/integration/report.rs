//! Output files have their promised form.

#[path = "report_example.rs"]
mod example;

use wavetank::report::{OutputOptions, summarize, write_all};

#[test]
fn a_day_is_written_whole() {
    let facts = example::day();
    let folder = std::env::temp_dir().join("wavetank-day");
    let summary = summarize(&facts);
    let options = OutputOptions {
        question: "Does the shop survive Black Friday with one node lost at 14:00?".to_owned(),
        ..OutputOptions::default()
    };
    let written = write_all(&facts, &summary, &folder, &options).unwrap();
    assert!(written.len() > 15, "{written:?}");
}
