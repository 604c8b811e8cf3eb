//! tmp
#[test]
fn golden_convert() {
    use flate2::read::GzDecoder;
    use std::io::BufRead;
    use wavetank::input::*;
    for f in ["single", "sequence", "queue", "sampled"] {
        let file = std::fs::File::open(format!("/work/shared/golden/scheduler/v1.36/{f}/cases.jsonl.gz")).unwrap();
        let (mut n, t) = (0, std::time::Instant::now());
        for line in std::io::BufReader::new(GzDecoder::new(file)).lines() {
            let v: serde_json::Value = serde_json::from_str(&line.unwrap()).unwrap();
            let mut errors = FieldErrors::default();
            for key in ["pods", "arrivals"] {
                for p in v[key].as_array().into_iter().flatten() {
                    let p: k8s_openapi::api::core::v1::Pod = serde_json::from_value(p.clone()).unwrap();
                    manifest::pod::convert(&p, jiff::Timestamp::UNIX_EPOCH, &mut errors);
                    n += 1;
                    let mut q = p.clone();
                    manifest::pod::set_defaults(q.spec.as_mut().unwrap());
                    if p != q {
                        println!("defaults change a stored pod in {}", v["id"]);
                    }
                }
            }
            for p in v["nodes"].as_array().into_iter().flatten() {
                let p: k8s_openapi::api::core::v1::Node = serde_json::from_value(p.clone()).unwrap();
                manifest::node::convert(&p, jiff::Timestamp::UNIX_EPOCH, &mut errors);
                n += 1;
            }
            if let Ok(p) = serde_json::from_value::<k8s_openapi::api::core::v1::Pod>(v["pod"].clone()) {
                manifest::pod::convert(&p, jiff::Timestamp::UNIX_EPOCH, &mut errors);
            }
            let e = errors.into_vec();
            assert!(e.is_empty(), "{} {e:?}", v["id"]);
        }
        println!("{f}: {n} in {:?}", t.elapsed());
    }
}
