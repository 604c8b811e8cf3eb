//! Manifests and scheduler configurations that are spoilt at random: nothing panics, every problem has a place.

use super::scheduler_config::SCHEDULER_CONFIG;
use super::{DEPLOYMENT, DUMPED_POD, OTHERS, load, text_source, to_json};
use proptest::prelude::*;
use wavetank::input::Diagnostics;
use wavetank::input::scheduler_config::load_scheduler_config;

/// How a manifest is spoilt.
#[derive(Clone, Debug)]
enum Damage {
    /// A byte becomes another.
    Flip(usize, u8),
    /// Bytes go.
    Delete(usize, usize),
    /// A line's value becomes something else.
    Replace(usize, String),
    /// A line goes.
    DropLine(usize),
}

fn damage() -> impl Strategy<Value = Damage> {
    let value = prop_oneof![
        Just("null".to_owned()),
        Just("[]".to_owned()),
        Just("{}".to_owned()),
        Just("-1".to_owned()),
        Just("1e400".to_owned()),
        Just("99999999999999999999999999".to_owned()),
        Just("''".to_owned()),
        Just("[[[{a: 1}]]]".to_owned()),
        Just("&a [*a]".to_owned()),
        Just("'\u{fffd}\u{0}'".to_owned()),
        "[ -~]{0,12}",
        "\\PC{0,6}",
    ];
    prop_oneof![
        (any::<usize>(), any::<u8>()).prop_map(|(at, byte)| Damage::Flip(at, byte)),
        (any::<usize>(), 1_usize..40).prop_map(|(at, count)| Damage::Delete(at, count)),
        (any::<usize>(), value).prop_map(|(at, value)| Damage::Replace(at, value)),
        any::<usize>().prop_map(Damage::DropLine),
    ]
}

fn spoil(text: &str, damages: &[Damage]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for damage in damages {
        if bytes.is_empty() {
            break;
        }
        let length = bytes.len();
        let mut by_line = |at: usize, change: &dyn Fn(&str) -> Option<String>| {
            let whole = String::from_utf8_lossy(&bytes).into_owned();
            let count = whole.lines().count().max(1);
            let lines = whole.lines().enumerate();
            let kept = lines.filter_map(
                |(index, line)| {
                    if index == at % count { change(line) } else { Some(line.to_owned()) }
                },
            );
            bytes = kept.collect::<Vec<_>>().join("\n").into_bytes();
        };
        match damage {
            Damage::Flip(at, byte) => bytes[at % length] = *byte,
            Damage::Delete(at, count) => {
                let begin = at % length;
                bytes.drain(begin..(begin + count).min(length));
            }
            Damage::Replace(at, value) => by_line(*at, &|line| {
                Some(match line.split_once(": ") {
                    Some((key, _)) => format!("{key}: {value}"),
                    None => format!("{line} {value}"),
                })
            }),
            Damage::DropLine(at) => by_line(*at, &|_| None),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is done to a manifest, reading it ends without a panic, and every problem has a place in the text.
    #[test]
    fn spoilt_manifests_are_refused_without_a_panic(
        which in 0_usize..4,
        damages in prop::collection::vec(damage(), 1..6),
    ) {
        let (name, text) = match which {
            0 => ("a.yaml", DEPLOYMENT.to_owned()),
            1 => ("a.yaml", OTHERS.to_owned()),
            2 => ("a.yaml", DUMPED_POD.to_owned()),
            _ => ("a.json", to_json(DUMPED_POD)),
        };
        let text = spoil(&text, &damages);
        let (_, diagnostics) = load(name, &text);
        for diagnostic in diagnostics.iter() {
            let line = diagnostic.line.unwrap_or(0);
            prop_assert!((1..=text.lines().count() + 1).contains(&line), "{diagnostic}");
        }
        let mut diagnostics = Diagnostics::default();
        let config = spoil(SCHEDULER_CONFIG, &damages);
        load_scheduler_config(text_source("s.yaml", &config), &mut diagnostics);
    }
}
