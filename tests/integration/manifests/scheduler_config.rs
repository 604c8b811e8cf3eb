//! KubeSchedulerConfigurations: what is read, what has no effect, what is refused.

use super::text_source;
use wavetank::api::scheduler_config::{
    DefaultSpreadConstraints, ExtensionPoint, KubeSchedulerConfiguration, ScoringStrategy,
};
use wavetank::input::scheduler_config::{load_scheduler_config, parse_scheduler_config};
use wavetank::input::{Diagnostics, FieldErrors};
use wavetank::units::SimDuration;

/// A configuration that is right, and uses much of what one can say.
pub(super) const SCHEDULER_CONFIG: &str = "\
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
percentageOfNodesToScore: 50
podInitialBackoffSeconds: 2
leaderElection: {leaderElect: false}
profiles:
- schedulerName: packing
  plugins:
    multiPoint:
      disabled: [{name: ImageLocality}]
    score:
      enabled: [{name: NodeResourcesFit, weight: 5}]
      disabled: [{name: '*'}]
  pluginConfig:
  - name: NodeResourcesFit
    args:
      ignoredResourceGroups: [example.com]
      scoringStrategy:
        type: RequestedToCapacityRatio
        resources: [{name: cpu, weight: 3}, {name: nvidia.com/gpu}]
        requestedToCapacityRatio:
          shape: [{utilization: 0, score: 0}, {utilization: 100, score: 10}]
  - name: PodTopologySpread
    args:
      defaultingType: List
      defaultConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: ScheduleAnyway}]
  - name: InterPodAffinity
    args: {hardPodAffinityWeight: 7}
- schedulerName: default-scheduler
";

#[test]
fn a_scheduler_config_is_read() {
    let mut diagnostics = Diagnostics::default();
    let config = load_scheduler_config(text_source("s.yaml", SCHEDULER_CONFIG), &mut diagnostics);
    let config = config.unwrap_or_else(|| panic!("{diagnostics}"));
    let warnings: Vec<_> = diagnostics.iter().map(ToString::to_string).collect();
    assert_eq!(warnings, ["s.yaml:5:1: warning: leaderElection: is not simulated and has no effect"]);
    assert_eq!(config.percentage_of_nodes_to_score, Some(50));
    assert_eq!(
        (config.pod_initial_backoff, config.pod_max_backoff),
        (SimDuration::from_secs(2), SimDuration::from_secs(10))
    );
    assert_eq!(config.profiles.len(), 2);
    let packing = &config.profiles[0];
    let score = &packing.plugins[&ExtensionPoint::Score];
    assert_eq!((&*score.enabled[0].name, score.enabled[0].weight), ("NodeResourcesFit", Some(5)));
    assert_eq!(&*packing.plugins[&ExtensionPoint::MultiPoint].disabled[0], "ImageLocality");
    let fit = &packing.args.fit;
    assert!(matches!(&fit.strategy, ScoringStrategy::RequestedToCapacityRatio { shape } if shape.len() == 2));
    assert_eq!(fit.resources.iter().map(|resource| resource.weight).collect::<Vec<_>>(), [3, 1]);
    assert!(
        matches!(&packing.args.default_spread_constraints, DefaultSpreadConstraints::List(list) if list.len() == 1)
    );
    assert_eq!(packing.args.inter_pod_affinity.hard_pod_affinity_weight, 7);
    let bare = parse_scheduler_config(&serde_json::json!({}), &mut FieldErrors::default(), &mut Vec::new());
    assert_eq!(bare, KubeSchedulerConfiguration::default(), "nothing is the default");
}

#[test]
fn fields_of_a_scheduler_config_without_effect_are_listed() {
    let value = serde_json::json!({
        "parallelism": 4,
        "leaderElection": {"leaderElect": true},
        "clientConnection": {"qps": 100},
        "healthzBindAddress": ":1",
        "metricsBindAddress": ":2",
        "enableProfiling": true,
        "enableContentionProfiling": true,
        "delayCacheUntilActive": true,
        "extenders": [{"urlPrefix": "http://x"}],
        "profiles": [{
            "plugins": {
                "queueSort": {"enabled": [{"name": "PrioritySort"}]},
                "reserve": {"disabled": [{"name": "VolumeBinding"}]},
                "permit": {"disabled": [{"name": "*"}]},
                "preBind": {"disabled": [{"name": "VolumeBinding"}]},
                "bind": {"enabled": [{"name": "DefaultBinder"}]},
                "postBind": {"disabled": [{"name": "*"}]},
                "score": {"disabled": [{"name": "ImageLocality"}]},
            },
            "pluginConfig": [{"name": "VolumeBinding", "args": {"bindTimeoutSeconds": 60}}],
        }],
    });
    let (mut errors, mut found) = (FieldErrors::default(), Vec::new());
    parse_scheduler_config(&value, &mut errors, &mut found);
    assert!(errors.into_vec().is_empty());
    found.sort();
    let mut expected = vec![
        "clientConnection",
        "delayCacheUntilActive",
        "enableContentionProfiling",
        "enableProfiling",
        "extenders",
        "healthzBindAddress",
        "leaderElection",
        "metricsBindAddress",
        "parallelism",
        "profiles[0].pluginConfig[0].args.bindTimeoutSeconds",
        "profiles[0].plugins.bind",
        "profiles[0].plugins.permit",
        "profiles[0].plugins.postBind",
        "profiles[0].plugins.preBind",
        "profiles[0].plugins.queueSort",
        "profiles[0].plugins.reserve",
    ];
    expected.sort_unstable();
    assert_eq!(found, expected, "`score` has an effect");
}

#[test]
fn a_wrong_scheduler_config_is_refused_where_it_is_wrong() {
    let cases = [
        (
            "config.k8s.io/v1",
            "config.k8s.io/v1beta3",
            1,
            "apiVersion: `kubescheduler.config.k8s.io/v1beta3` is not supported",
        ),
        ("kind: KubeSchedulerConfiguration\n", "", 1, "kind: missing"),
        ("percentageOfNodesToScore: 50", "percentageOfNodesToScore: 150", 3, "150 is out of range (expected 0 to 100)"),
        (
            "percentageOfNodesToScore",
            "percentageOfNodeToScore",
            3,
            "unknown field (did you mean `percentageOfNodesToScore`?)",
        ),
        ("podInitialBackoffSeconds: 2", "podInitialBackoffSeconds: 20", 1, "podMaxBackoffSeconds: 10s is below"),
        ("schedulerName: default-scheduler", "schedulerName: packing", 29, "`packing` is given twice"),
        ("    score:", "    scores:", 11, "profiles[0].plugins.scores: unknown field"),
        ("weight: 5", "weight: five", 12, "weight: found string \"five\""),
        ("ignoredResourceGroups: [example.com]", "ignoredResourceGroups: [a/b]", 17, "`a/b` holds a slash"),
        ("type: RequestedToCapacityRatio", "type: Least", 19, "unknown value `Least`"),
        ("weight: 3", "weight: 300", 20, "scoringStrategy.resources[0].weight: 300 is out of range"),
        ("utilization: 100", "utilization: 0", 22, "0 is not above the one before it"),
        ("score: 10", "score: 11", 22, "score: 11 is out of range"),
        ("defaultingType: List", "defaultingType: None", 25, "unknown value `None`"),
        ("defaultingType: List", "defaultingType: System", 26, "is given with defaultingType System"),
        ("whenUnsatisfiable: ScheduleAnyway", "whenUnsatisfiable: Soon", 26, "unknown value `Soon`"),
        ("hardPodAffinityWeight: 7", "hardPodAffinityWeight: 101", 28, "101 is out of range"),
        (
            "hardPodAffinityWeight: 7",
            "hardAffinityWeight: 7",
            28,
            "pluginConfig[2].args.hardAffinityWeight: unknown field",
        ),
        ("name: InterPodAffinity", "name: InterPod", 27, "`InterPod` has no arguments that are known"),
        ("name: InterPodAffinity", "name: NodeResourcesFit", 27, "`NodeResourcesFit` is given twice"),
    ];
    for (from, to, line, fragment) in cases {
        assert!(SCHEDULER_CONFIG.contains(from), "{from}");
        let mut diagnostics = Diagnostics::default();
        let text = SCHEDULER_CONFIG.replacen(from, to, 1);
        let config = load_scheduler_config(text_source("s.yaml", &text), &mut diagnostics);
        assert!(config.is_none(), "{to}");
        let wanted = format!("s.yaml:{line}:");
        let errors: Vec<_> = diagnostics.errors().map(ToString::to_string).collect();
        assert!(
            errors.iter().any(|error| error.starts_with(&wanted) && error.contains(fragment)),
            "{to}: expected {wanted} {fragment}, found {errors:#?}"
        );
    }
}
