//! Files of every form, and files that are none.

use super::*;
use crate::input::Diagnostic;
use crate::units::{Bytes, MilliCpu};
use std::path::PathBuf;

fn read(name: &str, text: &str) -> Result<(Catalogue, Vec<Diagnostic>), String> {
    let folder = tempfile::tempdir().expect("a folder");
    let file: PathBuf = folder.path().join(name);
    std::fs::write(&file, text).expect("written");
    let place = format!("{}/", folder.path().display());
    Catalogue::read(&file).map_err(|errors| {
        let lines: Vec<String> = errors.iter().map(|error| error.to_string().replace(&place, "")).collect();
        lines.join("\n")
    })
}

fn price_of(catalogue: &Catalogue, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
    let traits = NodeTraits::of(&name.into(), &labels.iter().copied().collect());
    catalogue.price(&traits).ok().map(NanoDollars::as_dollars)
}

const KIND: &str = "node.kubernetes.io/instance-type";
const REGION: &str = "topology.kubernetes.io/region";
const ZONE: &str = "topology.kubernetes.io/zone";

#[test]
fn our_own_form_is_read() {
    let text = "instance_type,vcpus,memory_gib,zones,on_demand_dollars_per_hour,spot_dollars_per_hour,gpu,gpus\n\
                big,16,64,a b,0.5,,,\nsmall,0.5,1.5,,0,0.1,example.com/fpga,2\n";
    let (catalogue, warnings) = read("own.csv", text).expect("a catalogue");
    assert!(warnings.is_empty());
    let small = catalogue.find("small", "").expect("small");
    assert_eq!(small.capacity.cpu, Some(MilliCpu::new(500)));
    assert_eq!(small.capacity.memory, Some(Bytes::new(3 << 29)));
    assert_eq!(small.allocatable, small.capacity, "nothing is kept where no cloud is named");
    assert_eq!(small.capacity.scalar("example.com/fpga"), Some(2));
    assert_eq!(price_of(&catalogue, "n", &[(KIND, "small")]), Some(0.0), "given as nothing");
    assert_eq!(price_of(&catalogue, "n", &[(KIND, "big"), (ZONE, "b")]), Some(0.5));
    assert_eq!(price_of(&catalogue, "n", &[(KIND, "big"), ("karpenter.sh/capacity-type", "spot")]), None, "unknown");
}

#[test]
fn karpenters_kwok_file_is_read() {
    let text = r#"[
  {
    "name": "m5.large",
    "offerings": [
      {"Price": 0.096, "Available": true, "Requirements": [
        {"key": "karpenter.sh/capacity-type", "operator": "In", "values": ["on-demand"]},
        {"key": "topology.kubernetes.io/zone", "operator": "In", "values": ["z1"]}]},
      {"capacityType": "spot", "zone": "z2", "price": 0.03}
    ],
    "architecture": "amd64",
    "operatingSystems": ["linux"],
    "resources": {"cpu": "2", "memory": "8Gi", "nvidia.com/gpu": 1}
  }
]"#;
    let (catalogue, _) = read("types.json", text).expect("a catalogue");
    let found = catalogue.find("m5.large", "").expect("m5.large");
    assert_eq!(found.capacity.pods, Some(110), "the provider's default");
    assert_eq!(found.allocatable.cpu, Some(MilliCpu::new(1900)));
    assert_eq!(found.labels.get("karpenter.kwok.sh/instance-size").map(|size| &**size), Some("large"));
    assert_eq!(found.labels.get("karpenter.kwok.sh/instance-family").map(|family| &**family), Some("m5"));
    let spot = found.offering("z2", CapacityType::Spot).and_then(|offering| offering.price);
    assert_eq!(spot, Some(NanoDollars::from_dollars(0.03)));
    let wrong = text.replace("0.096", "-1").replace("\"2\"", "\"two\"").replace("\"name\": \"m5.large\",", "");
    let errors = read("types.json", &wrong).expect_err("three mistakes");
    assert!(errors.contains("types.json:2:3: [0].name: is missing (expected text)"), "{errors}");
    assert!(errors.contains("types.json:5:17: [0].offerings[0].Price: found `-1` (expected a price"), "{errors}");
    assert!(errors.contains("types.json:12:26: [0].resources.cpu: "), "{errors}");
}

#[test]
fn the_price_list_for_google_is_read() {
    let text = r#"{"prices": {
  "europe-west1": {"on_demand": {"n2-standard-4": 0.21, "m1-ultramem-40": 6.9}, "spot": {"n2-standard-4": 0.06}},
  "us-east1": {"on_demand": {"n2-standard-4": 0.19}}
}}"#;
    let (catalogue, _) = read("prices.json", text).expect("a catalogue");
    assert_eq!(catalogue.regions(), ["europe-west1", "us-east1"]);
    let found = catalogue.find("n2-standard-4", "us-east1").expect("a size by its name");
    assert_eq!(found.capacity.memory, Some(Bytes::new(16 << 30)));
    let node = |region| [(KIND, "n2-standard-4"), (REGION, region)];
    assert_eq!(price_of(&catalogue, "n", &node("europe-west1")), Some(0.21));
    assert_eq!(price_of(&catalogue, "n", &node("us-east1")), Some(0.19));
    assert_eq!(price_of(&catalogue, "n", &node("asia-east1")), None, "another region");
    assert_eq!(price_of(&catalogue, "n", &[(KIND, "n2-standard-4")]), None, "two prices, and no region");
    assert_eq!(price_of(&catalogue, "n", &[(KIND, "m1-ultramem-40")]), Some(6.9), "a price without a size");
    let errors = read("prices.json", &text.replace("0.19", "\"much\"")).expect_err("no number");
    assert!(errors.contains("prices.json:3:47: prices.us-east1.on_demand.n2-standard-4: found `\"much\"`"), "{errors}");
}

#[test]
fn skypilots_catalogue_is_read() {
    let text = "InstanceType,AcceleratorName,AcceleratorCount,vCPUs,MemoryGiB,GpuInfo,Price,SpotPrice,Region,AvailabilityZone\n\
                m5.large,,,2.0,8.0,,0.096,0.0301,us-east-1,use1-az1\nm5.large,,,2.0,8.0,,0.096,,us-east-1,use1-az2\n\
                g5.xlarge,A10G,1.0,4.0,16.0,,1.006,0.4,us-east-1,use1-az1\n,A100,1,,,,2.9,0.9,us-central1,us-central1-a\n";
    let (catalogue, _) = read("vms.csv", text).expect("a catalogue");
    let spot = |zone| {
        price_of(&catalogue, "n", &[(KIND, "m5.large"), (ZONE, zone), ("eks.amazonaws.com/capacityType", "SPOT")])
    };
    assert_eq!(spot("use1-az1"), Some(0.0301));
    assert_eq!(spot("use1-az2"), None, "unknown, not zero");
    assert_eq!(catalogue.find("g5.xlarge", "").and_then(|found| found.capacity.scalar("nvidia.com/gpu")), Some(1));
    assert_eq!(catalogue.listed().len(), 2, "an accelerator without a machine is passed over");
    let errors = read("vms.csv", &text.replace("0.4,us", "x,us")).expect_err("no number");
    assert_eq!(errors, "vms.csv:4: column `SpotPrice`: `x` is not a number");
    let errors = read("vms.csv", &text.replace("SpotPrice", "Spot")).expect_err("a column less");
    assert!(errors.starts_with("vms.csv:1: column `SpotPrice`: is missing"), "{errors}");
}

#[test]
fn opencosts_prices_are_read() {
    let text = "EndTimestamp,InstanceID,Region,AssetClass,InstanceIDField,InstanceType,MarketPriceHourly,Version\n\
                t,worker-1,,node,metadata.name,,0.1337,\nt,blue,regionone,node,metadata.labels.colour,m5.large,0.2,\n\
                t,pvc-1,,pv,metadata.name,,0.5,\nt,i-1,,node,spec.providerID,m5.large,0.4,\n";
    let (mut catalogue, warnings) = read("prices.csv", text).expect("prices");
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert_eq!(price_of(&catalogue, "worker-1", &[]), Some(0.1337));
    assert_eq!(price_of(&catalogue, "n", &[("colour", "blue"), (REGION, "regionone")]), Some(0.2));
    assert_eq!(price_of(&catalogue, "n", &[("colour", "blue")]), None, "of one region only, and no type");
    assert_eq!(price_of(&catalogue, "n", &[(KIND, "m5.large"), (REGION, "eu-west-1")]), Some(0.4), "of every region");
    // Over the built-in list its prices count.
    let mut both = Catalogue::builtin();
    both.extend(std::mem::take(&mut catalogue));
    assert_eq!(price_of(&both, "n", &[(KIND, "m5.large"), (REGION, "us-east-1")]), Some(0.4));
    let errors = read("prices.csv", &text.replace("0.1337", "")).expect_err("no price");
    assert_eq!(errors, "prices.csv:2: column `MarketPriceHourly`: is empty (expected a price in dollars)");
}

#[test]
fn other_files_are_refused() {
    let cases = [
        ("x.csv", "a,b\n1,2\n", "is no catalogue that is known"),
        ("x.json", "{\"a\": 1}", "is no catalogue that is known"),
        ("x.json", "[{\"name\": \"m\",]", "x.json:1:15: is not JSON"),
        ("x.json", "[]", "has no instance type and no price"),
        ("x.csv", "instance_type,vcpus,memory_gib\nm,0,1\n", "x.csv:2: column `vcpus`: `0` is out of range"),
        (
            "x.csv",
            "instance_type,vcpus,memory_gib,colour\nm,1,1,red\n",
            "x.csv:1: column `colour`: has no meaning here",
        ),
        (
            "x.csv",
            "cloud,instance_type,vcpus,memory_gib\nmoon,m,1,1\n",
            "x.csv:2: column `cloud`: `moon` is not a cloud",
        ),
        ("x.csv", "instance_type,vcpus,memory_gib,spot_dollars_per_hour\nm,1,1,-1\n", "`-1` is negative"),
    ];
    for (name, text, expected) in cases {
        let error = read(name, text).expect_err(expected);
        assert!(error.contains(expected), "{text}: {error}");
    }
}
