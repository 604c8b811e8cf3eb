//! Published and neutral traces are read.

use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use wavetank::input::TableError;
use wavetank::input::scenario::TraceFormat;
use wavetank::input::trace::{Lifetime, TracePod, TracePods, read_nodes};
use wavetank::units::{Bytes, MilliCpu, SimDuration, SimTime};

const OPENB: &str =
    "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time";

fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
    let file = folder.join(name);
    if Path::new(name).extension().is_some_and(|extension| extension == "gz") {
        let mut encoder = GzEncoder::new(std::fs::File::create(&file).unwrap(), Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap();
    } else {
        std::fs::write(&file, text).unwrap();
    }
    file
}

fn pods(format: TraceFormat, file: &Path) -> Result<Vec<TracePod>, TableError> {
    TracePods::open(format, file)?.collect()
}

#[test]
fn openb_pods_are_read_plain_and_gzipped() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "{OPENB}\nalpha,4000,2048,1,300,,LS,Running,10,70,11\nbeta,500,512,0,0,,BE,Pending,10,90,\n\
         gamma,8000,1024,2,1000,T4|P100,Burstable,Failed,25,25,25\n"
    );
    for name in ["pods.csv", "pods.csv.gz"] {
        let pods = pods(TraceFormat::Openb, &write(folder.path(), name, &text)).unwrap();
        assert_eq!(pods.len(), 3, "{name}");
        assert_eq!(&*pods[0].name, "alpha");
        assert_eq!((pods[0].shape.cpu, pods[0].shape.memory), (MilliCpu::new(4000), Bytes::new(2048 << 20)));
        assert_eq!(
            (pods[0].shape.gpus, pods[0].shape.shared_gpu),
            (1, true),
            "a share becomes a whole GPU, and is marked"
        );
        assert_eq!(pods[0].lifetime, Some(Lifetime::DeletedAt(SimTime::from_secs(70))));
        assert_eq!(pods[0].shape.labels, [("qos".into(), "LS".into())]);
        assert_eq!((pods[1].shape.gpus, pods[1].shape.shared_gpu), (0, false), "no GPU, no share");
        assert_eq!((pods[2].shape.gpus, pods[2].shape.shared_gpu), (2, false));
        assert_eq!(pods[2].shape.gpu_models, ["T4", "P100"]);
        assert_eq!(pods[2].arrival, SimTime::from_secs(25));
    }
}

#[test]
fn generic_files_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let neutral = "name,arrival_s,cpu_milli,memory_bytes,duration_s,app\na,100.250,250,1073741824,12.5,app-1\nb,100.25,1000,5,,\n";
    let read = pods(TraceFormat::Generic, &write(folder.path(), "pods.csv", neutral)).unwrap();
    assert_eq!(read[0].arrival, SimTime::from_millis(100_250));
    assert_eq!(read[0].lifetime, Some(Lifetime::RunsFor(SimDuration::from_millis(12_500))));
    assert_eq!(read[0].shape.labels, [("app".into(), "app-1".into())]);
    assert_eq!((read[1].lifetime, read[1].shape.labels.len()), (None, 0), "empty values are none");
    let extended = "priority,gpu,namespace,name,arrival_s,cpu_milli,memory_bytes\n-5,2,ml,a,0,1,1\n,,,b,0,1,1\n";
    let read = pods(TraceFormat::Generic, &write(folder.path(), "extended.csv", extended)).unwrap();
    assert_eq!((read[0].shape.priority, read[0].shape.gpus, read[0].shape.namespace.as_deref()), (-5, 2, Some("ml")));
    assert_eq!((read[1].shape.priority, read[1].shape.gpus, read[1].shape.namespace.as_deref()), (0, 0, None));
    let nodes =
        "name,create_s,cpu_milli,memory_bytes,zone\nnode-000000,0.0,16000,68719476736,a\nnode-000001,7.5,1,1,\n";
    let read = read_nodes(TraceFormat::Generic, &write(folder.path(), "nodes.csv", nodes)).unwrap();
    assert_eq!((read[0].cpu, read[0].zone.as_deref()), (MilliCpu::new(16_000), Some("a")));
    assert_eq!((read[1].created, read[1].zone.as_deref()), (SimTime::from_millis(7500), None));
}

#[test]
fn broken_files_name_line_and_column() {
    use TraceFormat::{Generic, Openb};
    let generic = "name,arrival_s,cpu_milli,memory_bytes,duration_s,app";
    let cases: [(TraceFormat, String, u64, &str, &str); 16] = [
        (Openb, format!("{OPENB}\na,x,1,0,0,,LS,Running,0,1,0\n"), 2, "cpu_milli", "not a whole number"),
        (
            Openb,
            format!("{OPENB}\na,1,1,0,0,,LS,Running,0,1,0\nb,1,1,0,0,,LS,Running,zero,1,0\n"),
            3,
            "creation_time",
            "not a number",
        ),
        (Openb, format!("{OPENB}\na,1,1,0,0,,LS,Running,5,1,0\n"), 2, "deletion_time", "before `creation_time`"),
        (Openb, format!("{OPENB}\n,1,1,0,0,,LS,Running,5,9,0\n"), 2, "name", "is empty"),
        (Openb, format!("{OPENB}\na,-1,1,0,0,,LS,Running,5,9,0\n"), 2, "cpu_milli", "negative"),
        (Openb, format!("{OPENB}\na,1,1\n"), 2, "", "3 values"),
        (
            Openb,
            "name,cpu_milli,memory_mib,num_gpu,gpu_milli\na,1,1,0,0\n".to_owned(),
            1,
            "creation_time",
            "has no times",
        ),
        (Openb, "x,y\n1,2\n".to_owned(), 1, "name", "is missing"),
        (Openb, String::new(), 0, "", "is empty"),
        (Generic, format!("{generic}\na,1,1,1,-2,x\n"), 2, "duration_s", "negative"),
        (Generic, format!("{generic}\na,1e400,1,1,2,x\n"), 2, "arrival_s", "not a number"),
        (Generic, format!("{generic}\na,1,99999999999999999999,1,2,x\n"), 2, "cpu_milli", "not a whole number"),
        (Generic, format!("{generic},prio\na,1,1,1,2,x,1\n"), 1, "prio", "has no meaning"),
        (Generic, "name,arrival_s,cpu_milli\na,1,1\n".to_owned(), 1, "memory_bytes", "is missing"),
        (Generic, format!("{generic}\n"), 0, "", "no pods"),
        (
            Generic,
            "name,arrival_s,cpu_milli,memory_bytes,priority\na,1,1,1,high\n".to_owned(),
            2,
            "priority",
            "not a priority",
        ),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (format, text, line, column, fragment) in cases {
        let error = pods(format, &write(folder.path(), "pods.csv", &text)).unwrap_err();
        assert_eq!((error.line, error.column.as_str()), (line, column), "{error}");
        assert!(error.message.contains(fragment), "{error} has no `{fragment}`");
        assert!(error.to_string().contains("pods.csv"), "{error}");
    }
}

#[test]
fn files_that_are_no_tables_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("binary.csv"), [0xff, 0xfe, 0x00, 0x2c, 0x0a, 0x80]).unwrap();
    std::fs::write(folder.path().join("broken.csv.gz"), b"no gzip at all").unwrap();
    let cut = write(folder.path(), "cut.csv.gz", &format!("{OPENB}\n{}", "a,1,1,0,0,,LS,Running,0,1,0\n".repeat(5000)));
    let bytes = std::fs::read(&cut).unwrap();
    std::fs::write(&cut, &bytes[..bytes.len() / 2]).unwrap();
    for name in ["binary.csv", "broken.csv.gz", "cut.csv.gz", "missing.csv", "."] {
        assert!(pods(TraceFormat::Openb, &folder.path().join(name)).is_err(), "{name}");
        assert!(read_nodes(TraceFormat::Generic, &folder.path().join(name)).is_err(), "{name}");
    }
    let error = pods(TraceFormat::Openb, &folder.path().join("missing.csv")).unwrap_err().to_string();
    assert!(error.contains("alibaba/clusterdata") && error.contains("--traces"), "{error}");
}

#[test]
fn files_that_are_not_sorted_are_sorted() {
    let folder = tempfile::tempdir().unwrap();
    let text = "name,arrival_s,cpu_milli,memory_bytes\nc,5,1,1\na,1,1,1\nd,5,1,1\nb,1,1,1\n";
    let trace = TracePods::open(TraceFormat::Generic, &write(folder.path(), "pods.csv", text)).unwrap();
    let names: Vec<String> = trace.map(|pod| pod.unwrap().name.to_string()).collect();
    assert_eq!(names, ["a", "b", "c", "d"], "equal arrivals keep the order of the file");
}

#[test]
fn nodes_must_differ() {
    let folder = tempfile::tempdir().unwrap();
    let file = write(folder.path(), "nodes.csv", "sn,cpu_milli,memory_mib,gpu,model\nn,1,1,0,\nn,1,1,0,\n");
    assert!(read_nodes(TraceFormat::Openb, &file).unwrap_err().message.contains("given twice"));
}

/// The published trace, where it is at hand: `WAVETANK_TRACES`, or `shared/traces` beside the repository.
#[test]
fn the_published_openb_trace_has_its_known_totals() {
    #[expect(clippy::disallowed_methods, reason = "a test may look for optional data")]
    let named = std::env::var("WAVETANK_TRACES").map(PathBuf::from).ok();
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/traces");
    let Some(traces) = named.or(Some(beside)).filter(|folder| folder.is_dir()) else { return };
    let folder = traces.join("alibaba-openb-gpu-2023");
    let nodes = read_nodes(TraceFormat::Openb, &folder.join("openb_node_list_all_node.csv")).unwrap();
    assert_eq!(nodes.len(), 1523);
    assert_eq!(nodes.iter().map(|node| node.gpus).sum::<i64>(), 6212);
    assert_eq!(nodes.iter().filter(|node| node.gpus == 0).count(), 310);
    let pods = pods(TraceFormat::Openb, &folder.join("openb_pod_list_default.csv.gz")).unwrap();
    assert_eq!(pods.len(), 8152);
    assert_eq!(pods.iter().filter(|pod| pod.shape.gpus == 0).count(), 1088);
    assert_eq!(pods.iter().filter(|pod| pod.shape.shared_gpu).count(), 3078);
    let end = pods.iter().filter_map(|pod| match pod.lifetime {
        Some(Lifetime::DeletedAt(at)) => Some(at),
        _ => None,
    });
    assert_eq!(end.max(), Some(SimTime::from_secs(12_902_960)));
    let variant = TracePods::open(TraceFormat::Openb, &folder.join("openb_pod_list_cpu200.csv.gz")).unwrap();
    assert_eq!(variant.count(), 8832, "its rows are not in order of arrival");
    let without_times = TracePods::open(TraceFormat::Openb, &folder.join("openb_pod_list_multigpu20.csv.gz"));
    assert!(without_times.unwrap_err().message.contains("no times"));
}
