//! GPUs, as NVIDIA's components name them.

use crate::api::ResourceName;

/// Node label with the GPU model, as NVIDIA's GPU feature discovery sets it.
pub const GPU_PRODUCT_LABEL: &str = "nvidia.com/gpu.product";
/// Extended resource that counts GPUs, as NVIDIA's device plugin names it.
pub const GPU_RESOURCE: &str = "nvidia.com/gpu";

/// An amount of GPUs as scalar resources.
pub(super) fn gpu_list(gpus: i64) -> Vec<(ResourceName, i64)> {
    if gpus > 0 { vec![(GPU_RESOURCE.into(), gpus)] } else { Vec::new() }
}
