//! How far a request got, and whether it left its zone for that.

/// Whether a request leaves the zone of its proxy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Crossing {
    /// It came to no pod that took it, or a zone is not known.
    #[default]
    Unknown,
    /// Its pod is in the same zone.
    Same,
    /// Its pod is in another zone.
    Cross,
}

impl Crossing {
    /// From the zone of a proxy to that of a pod.
    pub fn between<T: PartialEq>(from: Option<T>, to: Option<T>) -> Self {
        match (from, to) {
            (Some(from), Some(to)) if from == to => Self::Same,
            (Some(_), Some(_)) => Self::Cross,
            _ => Self::Unknown,
        }
    }
}

/// How far a request got: the Service, by its number among those of the entry, and whose pod, by the number of its group;
/// `NONE` of what it did not come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The Service.
    pub route: u32,
    /// The pods of one revision of one workload.
    pub group: u32,
    /// Whether it left its zone for that.
    pub crossing: Crossing,
}
