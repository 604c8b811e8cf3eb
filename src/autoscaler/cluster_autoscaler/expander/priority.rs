//! The priority expander: groups by the regular expressions of a ConfigMap.

use super::ExpansionOption;
use regex_lite::Regex;
use std::collections::BTreeMap;

/// The options of the highest priority that any of them has; all if none has one or the ConfigMap is missing or wrong.
pub fn highest(options: &[ExpansionOption], content: Option<&str>) -> Vec<ExpansionOption> {
    let Some(priorities) = content.and_then(|content| parse(content).ok()) else { return options.to_vec() };
    let mut best: Vec<ExpansionOption> = Vec::new();
    let mut most = -1;
    for option in options {
        for (priority, expressions) in &priorities {
            let matches = expressions.iter().any(|expression| expression.is_match(&option.name));
            if !matches || *priority < most {
                continue;
            }
            if *priority > most {
                most = *priority;
                best.clear();
            }
            best.push(option.clone());
        }
    }
    if best.is_empty() { options.to_vec() } else { best }
}

/// Reads the value of the ConfigMap's key `priorities`.
///
/// # Errors
/// What is wrong with it.
pub fn parse(content: &str) -> Result<Vec<(i64, Vec<Regex>)>, String> {
    if content.is_empty() {
        return Err("the priorities are empty".to_owned());
    }
    let lists: BTreeMap<i64, Vec<String>> =
        serde_saphyr::from_str(content).map_err(|error| format!("the priorities cannot be read: {error}"))?;
    let compiled = lists.into_iter().map(|(priority, list)| {
        let expressions = list.iter().map(|text| Regex::new(text).map_err(|error| format!("`{text}`: {error}")));
        Ok((priority, expressions.collect::<Result<Vec<_>, String>>()?))
    });
    compiled.collect()
}
