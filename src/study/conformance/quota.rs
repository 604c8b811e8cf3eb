//! Replays recorded answers of ResourceQuotas: what objects count and which quotas apply to them (`usage.jsonl.gz`), and
//! whether requests are admitted (`admission.jsonl.gz`).

use super::{CaseResult, ConformanceError, Difference, read_json_lines};
use crate::api::quota::{
    CountedObject, CountedPod, PodDeletion, Quantities, QuotaState, check_request, constraints, matches,
    matching_resources, usage,
};
use crate::api::{Kind, Object, PersistentVolumeClaim, Pod, QuantityFormat, ResourceQuota, Service};
use crate::input::kinds::{self, kind::Kind as _};
use crate::input::{FieldErrors, FieldPath};
use crate::units::{SimDuration, SimTime};
use jiff::Timestamp;
use k8s_openapi::api::core::v1 as core;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as QuantityText;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

const USAGE: &str = "usage.jsonl.gz";
const ADMISSION: &str = "admission.jsonl.gz";

/// Replays both files of a folder; one of them may be missing.
///
/// # Errors
/// [`ConformanceError`] if neither file exists, or one cannot be read or holds a line of another form.
pub fn replay(folder: &Path) -> Result<Vec<CaseResult>, ConformanceError> {
    let [usage, admission] = [USAGE, ADMISSION].map(|name| folder.join(name));
    if !usage.exists() && !admission.exists() {
        let expected = "usage.jsonl.gz or admission.jsonl.gz";
        return Err(ConformanceError::NoRecording { folder: folder.to_owned(), expected });
    }
    let mut results = Vec::new();
    if usage.exists() {
        collect(&usage, replay_usage, &mut results)?;
    }
    if admission.exists() {
        collect(&admission, replay_admission, &mut results)?;
    }
    Ok(results)
}

/// Adds the outcome of each case of a file.
fn collect<T: serde::de::DeserializeOwned>(
    file: &Path,
    replay: fn(&T, usize) -> Result<CaseResult, String>,
    results: &mut Vec<CaseResult>,
) -> Result<(), ConformanceError> {
    for (index, case) in read_json_lines::<T>(file)?.iter().enumerate() {
        let line = index + 1;
        let malformed = |problem| ConformanceError::Malformed { file: file.to_owned(), line, problem };
        results.push(replay(case, line).map_err(malformed)?);
    }
    Ok(())
}

type QuantityTexts = BTreeMap<String, QuantityText>;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UsageCase {
    kind: String,
    now: Timestamp,
    object: Value,
    quota_spec: core::ResourceQuotaSpec,
    usage: QuantityTexts,
    matches: bool,
    matching_resources: Option<Vec<String>>,
    constraints_error: Option<String>,
    charged: Option<QuantityTexts>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AdmissionCase {
    operation: String,
    kind: String,
    object: Value,
    old_object: Option<Value>,
    quotas: Vec<core::ResourceQuota>,
    used_after: Option<BTreeMap<String, QuantityTexts>>,
    error: Option<String>,
}

/// An object of a recording.
enum Recorded {
    Pod(Box<Pod>),
    Claim(Box<PersistentVolumeClaim>),
    Service(Box<Service>),
    Other(Kind),
}

impl Recorded {
    /// Reads an object; calendar times count from `now`.
    fn read(kind: &str, value: &Value, now: Timestamp) -> Result<Self, String> {
        match kind {
            "Pod" => Ok(Self::Pod(Box::new(converted(value, |pod, errors| kinds::pod::convert(pod, now, errors))?))),
            "PersistentVolumeClaim" => {
                let claim = converted(value, kinds::common::claim::convert_claim)?;
                Ok(Self::Claim(Box::new(claim)))
            }
            "Service" => {
                match converted(value, |service, errors| kinds::service::Service::convert(service, now, errors))? {
                    Object::Service(service) => Ok(Self::Service(Box::new(service))),
                    _ => Err("a Service became another kind".to_owned()),
                }
            }
            other => {
                Kind::named(other).map(Self::Other).ok_or_else(|| format!("`{other}` is no kind that is simulated"))
            }
        }
    }

    /// The object as quotas see it. The grace period of its deletion is in the document alone.
    fn counted(&self, value: &Value) -> CountedObject<'_> {
        match self {
            Self::Pod(pod) => {
                let grace = value.pointer("/metadata/deletionGracePeriodSeconds").and_then(Value::as_i64);
                let deletion = pod
                    .meta
                    .deletion_time
                    .zip(grace)
                    .map(|(timestamp, grace)| PodDeletion { timestamp, grace: SimDuration::from_secs(grace) });
                let (spec, status) = (&pod.template.spec, Some(&pod.status));
                CountedObject::Pod(CountedPod { spec, phase: pod.status.phase, deletion, status, now: SimTime::ZERO })
            }
            Self::Claim(claim) => CountedObject::Claim(claim),
            Self::Service(service) => CountedObject::Service(service),
            Self::Other(kind) => CountedObject::Other(*kind),
        }
    }
}

/// Converts an object of the API; what the API server would refuse otherwise is not looked at.
fn converted<P: serde::de::DeserializeOwned, T>(
    value: &Value,
    convert: impl Fn(&P, &mut FieldErrors) -> T,
) -> Result<T, String> {
    let plain: P = serde_json::from_value(value.clone()).map_err(|error| error.to_string())?;
    checked(|errors| convert(&plain, errors))
}

fn checked<T>(convert: impl FnOnce(&mut FieldErrors) -> T) -> Result<T, String> {
    let mut errors = FieldErrors::default();
    let value = convert(&mut errors);
    match errors.into_vec().first() {
        Some(error) => Err(format!("{}: {}", error.field, error.problem)),
        None => Ok(value),
    }
}

fn quota_of(quota: &core::ResourceQuota) -> Result<ResourceQuota, String> {
    checked(|errors| kinds::resource_quota::convert(quota, Timestamp::UNIX_EPOCH, errors))
}

fn quantities_of(texts: &QuantityTexts) -> Result<Quantities, String> {
    checked(|errors| kinds::resource_quota::quantities(Some(texts), FieldPath::Root, errors))
}

fn replay_usage(case: &UsageCase, line: usize) -> Result<CaseResult, String> {
    let recorded = Recorded::read(&case.kind, &case.object, case.now)?;
    let object = recorded.counted(&case.object);
    let quota = quota_of(&core::ResourceQuota { spec: Some(case.quota_spec.clone()), ..Default::default() })?;
    let mut differences = Vec::new();
    let counted = usage(&object);
    let bounded = matching_resources(object.kind(), quota.hard.names());
    let applies = matches(&quota, &quota.hard, &object);
    compare(&mut differences, "usage", shown(&quantities_of(&case.usage)?), shown(&counted));
    compare(&mut differences, "matches", case.matches.to_string(), applies.to_string());
    compare(
        &mut differences,
        "matchingResources",
        case.matching_resources.clone().unwrap_or_default().join(","),
        bounded.join(","),
    );
    let missing = match &object {
        CountedObject::Pod(pod) => constraints(pod.spec, &bounded),
        _ => None,
    };
    let text = |text: Option<String>| text.unwrap_or_else(|| "none".to_owned());
    compare(&mut differences, "constraintsError", text(case.constraints_error.clone()), text(missing));
    let charged = applies.then(|| counted.masked(|name| bounded.contains(name)));
    let expected = case.charged.as_ref().map(quantities_of).transpose()?;
    compare(&mut differences, "charged", text(expected.as_ref().map(shown)), text(charged.as_ref().map(shown)));
    Ok(CaseResult::new(format!("usage {}", case.kind), format!("{USAGE}:{line}"), differences))
}

fn replay_admission(case: &AdmissionCase, line: usize) -> Result<CaseResult, String> {
    let now = Timestamp::UNIX_EPOCH;
    let recorded = Recorded::read(&case.kind, &case.object, now)?;
    let old = case.old_object.as_ref().map(|old| Recorded::read(&case.kind, old, now)).transpose()?;
    let object = recorded.counted(&case.object);
    let old = old.as_ref().zip(case.old_object.as_ref()).map(|(old, value)| old.counted(value));
    // An update of a pod that is no resize is none of the quotas' business.
    let is_pod_update = case.operation == "UPDATE" && case.kind == "Pod";
    let mut quotas = Vec::new();
    for recorded in &case.quotas {
        let status = recorded.status.clone().unwrap_or_default();
        let [hard, used] = [status.hard, status.used].map(|list| quantities_of(&list.unwrap_or_default()));
        quotas.push((quota_of(recorded)?, hard?, used?));
    }
    let states: Vec<QuotaState<'_>> =
        quotas.iter().map(|(quota, hard, used)| QuotaState { quota, hard, used }).collect();
    let answer =
        if is_pod_update { Ok(vec![None; states.len()]) } else { check_request(&states, &object, old.as_ref()) };
    let name = case.object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
    let mut differences = Vec::new();
    let none = || "none".to_owned();
    let error = answer.as_ref().err().map(|error| error.as_response(object.kind(), name));
    compare(&mut differences, "error", case.error.clone().unwrap_or_else(none), error.unwrap_or_else(none));
    if let Some(expected) = &case.used_after {
        for (index, (quota, _, used)) in quotas.iter().enumerate() {
            let expected = expected.get(quota.meta.name.as_str()).map(quantities_of).transpose()?;
            let after = answer.as_ref().ok().map(|after| after[index].as_ref().unwrap_or(used));
            let field = format!("usedAfter.{}", quota.meta.name);
            compare(
                &mut differences,
                &field,
                expected.as_ref().map_or_else(none, shown),
                after.map_or_else(none, shown),
            );
        }
    }
    let family = format!("admission {}", if case.operation == "CREATE" { "create" } else { "update" });
    Ok(CaseResult::new(family, format!("{ADMISSION}:{line}"), differences))
}

/// Quantities without regard to how they are written.
fn shown(quantities: &Quantities) -> String {
    let plain = quantities.iter().map(|(name, quantity)| (name.clone(), quantity.in_format(QuantityFormat::DecimalSi)));
    plain.collect::<Quantities>().to_string()
}

fn compare(differences: &mut Vec<Difference>, field: &str, expected: String, actual: String) {
    if expected != actual {
        differences.push(Difference { field: field.to_owned(), expected, actual });
    }
}
