//! Manifests as people have them: what is read, what is refused and where, what is listed as not simulated.

mod cron_jobs;
mod jobs;
mod not_simulated;
mod reading;
mod refused;
mod scheduler_config;
mod spoilt;

use jiff::Timestamp;
use wavetank::api::Object;
use wavetank::input::manifest::{LoadedObject, load_objects};
use wavetank::input::{Diagnostics, ManifestSource};

/// A Deployment that is right, and uses much of what a Deployment can say.
const DEPLOYMENT: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
  labels: {app: web}
spec:
  replicas: 3
  minReadySeconds: 5
  selector:
    matchLabels:
      app: web
  strategy:
    type: RollingUpdate
    rollingUpdate:
      maxSurge: 1
      maxUnavailable: 25%
  template:
    metadata:
      labels:
        app: web
        tier: front
      annotations:
        wavetank.dev/ready-delay: 5s
    spec:
      terminationGracePeriodSeconds: 40
      nodeSelector:
        disk: ssd
      tolerations:
      - key: gpu
        operator: Equal
        value: a
        effect: NoSchedule
      affinity:
        nodeAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
            nodeSelectorTerms:
            - matchExpressions:
              - {key: zone, operator: In, values: [a, b]}
        podAntiAffinity:
          preferredDuringSchedulingIgnoredDuringExecution:
          - weight: 50
            podAffinityTerm:
              topologyKey: kubernetes.io/hostname
              labelSelector:
                matchLabels: {app: web}
      topologySpreadConstraints:
      - maxSkew: 1
        topologyKey: topology.kubernetes.io/zone
        whenUnsatisfiable: DoNotSchedule
        labelSelector: {matchLabels: {app: web}}
      containers:
      - name: web
        image: nginx:1.29
        ports:
        - name: http
          containerPort: 8080
        resources:
          requests:
            cpu: 250m
            memory: 64Mi
          limits:
            memory: 128Mi
        readinessProbe:
          httpGet: {path: /, port: 8080}
          periodSeconds: 5
        lifecycle:
          preStop:
            sleep:
              seconds: 10
";

/// Smaller objects that are right.
const OTHERS: &str = "\
apiVersion: v1
kind: Node
metadata:
  name: n1
  labels: {disk: ssd}
spec:
  taints:
  - {key: gpu, value: a, effect: NoSchedule}
status:
  capacity: {cpu: '4', memory: 8Gi, pods: '110'}
---
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  selector: {app: web}
  ports:
  - port: 80
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: web
spec:
  minAvailable: 50%
  selector: {matchLabels: {app: web}}
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata:
  name: high
value: 1000
---
apiVersion: v1
kind: Namespace
metadata:
  name: shop
---
apiVersion: apps/v1
kind: DaemonSet
metadata:
  name: agent
spec:
  selector: {matchLabels: {app: agent}}
  updateStrategy:
    rollingUpdate: {maxUnavailable: 1}
  template:
    metadata: {labels: {app: agent}}
    spec:
      containers: [{name: agent, image: agent}]
---
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: db
spec:
  serviceName: db
  podManagementPolicy: Parallel
  updateStrategy:
    rollingUpdate: {partition: 1}
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      containers: [{name: db, image: db}]
---
apiVersion: apps/v1
kind: ReplicaSet
metadata:
  name: rs
spec:
  replicas: 2
  selector: {matchLabels: {app: rs}}
  template:
    metadata: {labels: {app: rs}}
    spec:
      containers: [{name: rs, image: rs}]
";

/// A pod as `kubectl get pod -o yaml` shows it.
const DUMPED_POD: &str = "\
apiVersion: v1
kind: Pod
metadata:
  creationTimestamp: \"2026-01-02T03:04:05Z\"
  generateName: web-6d-
  labels:
    app: web
    pod-template-hash: 6d
  managedFields:
  - apiVersion: v1
    fieldsType: FieldsV1
    fieldsV1:
      f:metadata: {f:labels: {.: {}}}
    manager: kube-controller-manager
    operation: Update
    time: \"2026-01-02T03:04:05Z\"
  name: web-6d-x
  namespace: shop
  ownerReferences:
  - {apiVersion: apps/v1, blockOwnerDeletion: true, controller: true, kind: ReplicaSet, name: web-6d, uid: u}
  resourceVersion: \"77\"
  uid: abc
spec:
  containers:
  - image: nginx
    imagePullPolicy: Always
    name: web
    resources:
      limits: {cpu: 1, memory: 1Gi}
    terminationMessagePath: /dev/termination-log
    volumeMounts:
    - {mountPath: /var/run/secrets/kubernetes.io/serviceaccount, name: kube-api, readOnly: true}
  dnsPolicy: ClusterFirst
  enableServiceLinks: true
  nodeName: n1
  preemptionPolicy: PreemptLowerPriority
  priority: 0
  restartPolicy: Always
  schedulerName: default-scheduler
  serviceAccountName: default
  tolerations:
  - {effect: NoExecute, key: node.kubernetes.io/not-ready, operator: Exists, tolerationSeconds: 300}
  volumes:
  - name: kube-api
    projected: {defaultMode: 420, sources: []}
status:
  conditions:
  - {lastProbeTime: null, lastTransitionTime: \"2026-01-02T03:04:15Z\", status: \"True\", type: Ready}
  containerStatuses:
  - allocatedResources: {cpu: 1, memory: 1Gi}
    image: nginx
    imageID: x
    name: web
    ready: true
    resources: {requests: {cpu: 500m}}
    restartCount: 2
    started: true
    futureField: tolerated
  phase: Running
  qosClass: Guaranteed
  startTime: \"2026-01-02T03:04:06Z\"
";

fn text_source(name: &str, text: &str) -> ManifestSource {
    ManifestSource::Text { name: name.into(), text: text.to_owned() }
}

/// The scenario's start in these tests.
fn start() -> Timestamp {
    "2026-01-02T03:05:05Z".parse().expect("a calendar time")
}

fn load(name: &str, text: &str) -> (Vec<LoadedObject>, Diagnostics) {
    let mut diagnostics = Diagnostics::default();
    let objects = load_objects(&[text_source(name, text)], start(), &mut diagnostics);
    (objects, diagnostics)
}

/// Loads what must be free of errors.
fn load_right(name: &str, text: &str) -> Vec<Object> {
    let (objects, diagnostics) = load(name, text);
    assert!(!diagnostics.has_errors(), "{diagnostics}");
    objects.into_iter().map(|loaded| loaded.object).collect()
}

/// The YAML text as JSON, indented as kubectl does.
fn to_json(yaml: &str) -> String {
    let value: serde_json::Value = serde_saphyr::from_str(yaml).expect("YAML");
    serde_json::to_string_pretty(&value).expect("JSON")
}
