//! What is read and has no effect: it is listed once.

use super::{DEPLOYMENT, DUMPED_POD, load};

#[test]
fn a_dump_has_one_warning_about_its_inner_fields() {
    let (_, diagnostics) = load("pod.yaml", DUMPED_POD);
    assert!(!diagnostics.has_errors(), "{diagnostics}");
    let warnings: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
    assert_eq!(warnings.len(), 2, "{warnings:#?}");
    assert!(warnings[0].contains("metadata.generateName: is not simulated"), "{}", warnings[0]);
    assert!(warnings[1].contains("Container.imagePullPolicy"), "{}", warnings[1]);
}

#[test]
fn what_is_not_simulated_is_listed_once() {
    let extra = "\
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: a}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: b}
---
apiVersion: apps/v1
kind: Deploymnet
metadata: {name: c}
---
apiVersion: serving.knative.dev/v1
kind: Service
metadata: {name: d}
";
    let text = DEPLOYMENT
        .replacen("replicas: 3", "replica: 3", 1)
        .replacen("image: nginx:1.29", "image: nginx:1.29\n        env: [{name: A, value: b}]\n        comand: [a]", 1)
        .replacen("          preStop:", "          postStart: {exec: {command: [a]}}\n          preStop:", 1);
    let (objects, diagnostics) = load("x.yaml", &format!("{text}{extra}"));
    assert!(!diagnostics.has_errors(), "{diagnostics}");
    assert_eq!(objects.len(), 1);
    let warnings: Vec<_> = diagnostics.iter().map(ToString::to_string).collect();
    let first = text.lines().count();
    let expected = [
        format!("x.yaml:{}:1: warning: kind NetworkPolicy (networking.k8s.io/v1) is not simulated and has no effect (2 objects)", first + 2),
        format!(
            "x.yaml:{}:1: warning: kind Deploymnet (apps/v1) is not simulated and has no effect (1 object)\n  hint: did you mean `Deployment`?",
            first + 10
        ),
        format!(
            "x.yaml:{}:1: warning: kind Service (serving.knative.dev/v1) is not simulated and has no effect (1 object)",
            first + 14
        ),
        "x.yaml:8:3: warning: spec.replica: is not a field of Kubernetes 1.36 and has no effect\n  hint: did you mean `replicas`?".to_owned(),
        "x.yaml:56:9: warning: spec.template.spec.containers[0].comand: is not a field of Kubernetes 1.36 and has no effect\n  hint: did you mean `command`?".to_owned(),
        "x.yaml:70:11: warning: spec.template.spec.containers[0].lifecycle.postStart: is not simulated and has no effect".to_owned(),
    ];
    for line in &expected {
        assert!(warnings.contains(line), "expected {line}\nfound {warnings:#?}");
    }
    assert_eq!(warnings.len(), expected.len() + 1, "{warnings:#?}");
}
