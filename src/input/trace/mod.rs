//! Readers of workload traces.

use super::scenario::TraceFormat;

/// Where the files of a format come from, and how to name them.
pub(super) fn where_to_get(format: TraceFormat) -> String {
    match format {
        TraceFormat::Openb => {
            "traces are not part of wavetank: get the files from the repository alibaba/clusterdata on GitHub, \
                               folder cluster-trace-gpu-v2023/csv, and pass their folder with `--traces DIR`"
                .to_owned()
        }
        TraceFormat::Generic => {
            "paths are relative to the scenario file; with `directory`, to the folder given by `--traces DIR`"
                .to_owned()
        }
    }
}
