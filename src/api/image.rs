//! Image references.

use super::Name;

/// An image reference with the tag `latest` where it has neither tag nor digest, as nodes report images
/// (`normalizedImageName` of kube-scheduler, Kubernetes 1.36).
#[must_use]
pub fn normalized_image_name(reference: &str) -> Name {
    let has_tag = match (reference.rfind(':'), reference.rfind('/')) {
        (Some(colon), Some(slash)) => colon > slash,
        (colon, _) => colon.is_some(),
    };
    if has_tag { Name::from(reference) } else { Name::from(format!("{reference}:latest")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn untagged_images_are_the_latest() {
        let cases = [
            ("nginx", "nginx:latest", "no tag"),
            ("nginx:1.29", "nginx:1.29", "a tag"),
            ("registry:5000/web", "registry:5000/web:latest", "a port is no tag"),
            ("registry:5000/web:2", "registry:5000/web:2", "a port and a tag"),
            ("web@sha256:abc", "web@sha256:abc", "a digest"),
        ];
        for (reference, expected, why) in cases {
            assert_eq!(&*normalized_image_name(reference), expected, "{why}");
        }
    }
}
