//! The pod that a file stands for: a Pod itself, or the pods of the one workload in the file.

use super::load::{LoadedObject, Loader};
use crate::api::{LabelSelector, Labels, Name, Object, ObjectMeta, OwnerReference, PodTemplate};
use crate::input::document::{ManifestSource, Place, read_documents, read_sources};
use crate::input::kinds::common::pod_validation::validate_bare_template;
use crate::input::kinds::common::{meta, pod_template, workload};
use crate::input::{Diagnostic, Diagnostics, FieldErrors, FieldPath};
use jiff::Timestamp;
use k8s_openapi::api::batch::v1 as batch;
use k8s_openapi::api::core::v1::PodTemplateSpec;
use serde_json::Value;
use std::sync::Arc;

/// The pod that a file stands for.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadedPod {
    /// `Pod`, or the workload's kind.
    pub kind: &'static str,
    /// Identity of the Pod or workload.
    pub meta: ObjectMeta,
    /// What its pods are made from.
    pub template: Arc<PodTemplate>,
    /// The workload's selector.
    pub selector: Option<LabelSelector>,
    /// The controlling owner of a Pod; of a workload's pods it is the workload.
    pub owner: Option<OwnerReference>,
    /// `spec.nodeName` of a Pod.
    pub node_name: Option<Name>,
    /// The file's name.
    pub file: Arc<str>,
    /// The line on which the object begins, from 1.
    pub line: usize,
}

/// What a file with a pod holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PodSource {
    /// The pod; `None` where something is wrong.
    pub pod: Option<LoadedPod>,
    /// What stands beside it, for example a Service or a claim.
    pub others: Vec<LoadedObject>,
}

/// Reads the one Pod or workload (Deployment, ReplicaSet, StatefulSet, Job, CronJob) of a file, and what else the file
/// holds. What is wrong goes to `diagnostics`.
pub fn load_pod(source: &ManifestSource, start: Timestamp, diagnostics: &mut Diagnostics) -> PodSource {
    let before = diagnostics.errors().count();
    let files = read_sources(std::slice::from_ref(source), diagnostics);
    let name = files.first().map(|file| file.name.clone());
    let mut loader = Loader::new(start, diagnostics);
    let mut pods = Vec::new();
    for file in &files {
        for document in read_documents(file, loader.diagnostics) {
            loader.load_batch_or_other(&document.value, &document.place(), &mut pods);
        }
    }
    let Loader { objects, unused, diagnostics, .. } = loader;
    unused.report(diagnostics);
    let mut others = Vec::new();
    for loaded in objects {
        match LoadedPod::of_object(&loaded.object, loaded.file.clone(), loaded.line) {
            Some(pod) => pods.push(pod),
            None => others.push(loaded),
        }
    }
    if diagnostics.errors().count() > before {
        return PodSource { pod: None, others };
    }
    let [_] = pods.as_slice() else {
        let found: Vec<String> = pods.iter().map(|pod| format!("{} {}", pod.kind, pod.meta.name)).collect();
        let found = if found.is_empty() { "no pod and no workload".to_owned() } else { found.join(", ") };
        let message = format!("holds {found} (expected one Pod, Deployment, ReplicaSet, StatefulSet, Job or CronJob)");
        let second = pods.get(1).map(|pod| (pod.line, 1));
        let error = Diagnostic::error(name.unwrap_or_else(|| "".into()), message);
        diagnostics.push(match second {
            Some(place) => error.at(place),
            None => error,
        });
        return PodSource { pod: None, others };
    };
    PodSource { pod: pods.pop(), others }
}

impl Loader<'_> {
    /// Reads a Job or CronJob for its pods, and anything else as [`super::load::load_objects`] does.
    fn load_batch_or_other(&mut self, value: &Value, place: &Place<'_, '_>, pods: &mut Vec<LoadedPod>) {
        let text = |field| value.get(field).and_then(Value::as_str).unwrap_or_default();
        let (file, line) = (place.file(), place.start().0);
        let spec_path = FieldPath::Root.key("spec");
        let job_template_path = spec_path.key("jobTemplate");
        let job_spec_path = job_template_path.key("spec");
        match (text("apiVersion"), text("kind")) {
            ("batch/v1", "Job") => {
                let path = spec_path.key("template");
                pods.extend(self.read(
                    ("Job", value, place),
                    |job: &mut batch::Job| {
                        if let Some(spec) = &mut job.spec {
                            workload::set_template_defaults(&mut spec.template);
                        }
                    },
                    |job, errors| validate_batch(job.spec.as_ref().map(|spec| &spec.template), path, errors),
                    |job, start, errors| {
                        let spec = job.spec.as_ref().map(|spec| &spec.template);
                        let meta = meta::convert(&job.metadata, start);
                        of_batch("Job", meta, spec, path, (file.clone(), line), errors)
                    },
                ));
            }
            ("batch/v1", "CronJob") => {
                let path = job_spec_path.key("template");
                let template =
                    |job: &batch::CronJob| job.spec.job_template.spec.as_ref().map(|spec| spec.template.clone());
                pods.extend(self.read(
                    ("CronJob", value, place),
                    |job: &mut batch::CronJob| {
                        if let Some(spec) = &mut job.spec.job_template.spec {
                            workload::set_template_defaults(&mut spec.template);
                        }
                    },
                    |job, errors| validate_batch(template(job).as_ref(), path, errors),
                    |job, start, errors| {
                        let meta = meta::convert(&job.metadata, start);
                        of_batch("CronJob", meta, template(job).as_ref(), path, (file.clone(), line), errors)
                    },
                ));
            }
            _ => self.load(value, None, place),
        }
    }
}

/// Checks the template of a Job, whose pods may end.
fn validate_batch(template: Option<&PodTemplateSpec>, path: FieldPath<'_>, errors: &mut FieldErrors) {
    match template {
        Some(template) => validate_bare_template(template, path, errors),
        None => errors.push(path, "missing (expected a pod template)"),
    }
}

/// The pods of a Job or CronJob, with the label that the Job controller adds.
fn of_batch(
    kind: &'static str,
    meta: ObjectMeta,
    template: Option<&PodTemplateSpec>,
    path: FieldPath<'_>,
    (file, line): (Arc<str>, usize),
    errors: &mut FieldErrors,
) -> LoadedPod {
    let empty = PodTemplateSpec::default();
    let mut template = pod_template::convert_template(template.unwrap_or(&empty), path, errors);
    for key in ["batch.kubernetes.io/job-name", "job-name"] {
        template.labels = template.labels.with(key, &meta.name);
    }
    let template = Arc::new(template);
    LoadedPod { kind, meta, template, selector: None, owner: None, node_name: None, file, line }
}

impl LoadedPod {
    /// The pods of an object that has any; `file` and `line` are where it was read. Those of a DaemonSet are not placed by
    /// choice: one stands on each node.
    #[must_use]
    pub fn of_object(object: &Object, file: Arc<str>, line: usize) -> Option<Self> {
        let (template, selector) = match object {
            Object::Pod(pod) => (&pod.template, None),
            Object::Deployment(own) => (&own.template, Some(&own.selector)),
            Object::ReplicaSet(own) => (&own.template, Some(&own.selector)),
            Object::StatefulSet(own) => (&own.template, Some(&own.selector)),
            _ => return None,
        };
        let (owner, node_name) = match object {
            Object::Pod(pod) => (pod.meta.owner.clone(), pod.node_name.clone()),
            _ => (None, None),
        };
        Some(Self {
            kind: object.kind(),
            meta: ObjectMeta { labels: Labels::default(), ..object.meta().clone() },
            template: Arc::clone(template),
            selector: selector.cloned(),
            owner,
            node_name,
            file,
            line,
        })
    }
}
