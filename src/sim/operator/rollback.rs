//! To which template `kubectl rollout undo` goes back (`rollback.go` of kubectl 1.36).

use crate::cluster::TemplateId;
use std::cmp::Reverse;

/// What an undo does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rollback {
    /// The rollout goes to this template.
    To(TemplateId),
    /// The template is that of the revision already.
    Skipped {
        /// The revision.
        revision: i64,
    },
}

/// The template that an undo of a Deployment goes back to, or kubectl's words for why there is none. `revisions` are the
/// revisions of its ReplicaSets with their templates, `to_revision` is 0 for the one before the latest.
pub(super) fn rollback(
    revisions: &[(i64, TemplateId)],
    current: TemplateId,
    to_revision: i64,
    name: &str,
) -> Result<Rollback, String> {
    let mut latest_first = revisions.to_vec();
    latest_first.sort_by_key(|(revision, _)| Reverse(*revision));
    let found = if to_revision == 0 {
        latest_first.get(1).ok_or_else(|| format!("no rollout history found for deployment \"{name}\""))?
    } else {
        let found = latest_first.iter().find(|(revision, _)| *revision == to_revision);
        found.ok_or_else(|| format!("unable to find specified revision {to_revision} in history"))?
    };
    let (revision, template) = *found;
    Ok(if template == current { Rollback::Skipped { revision } } else { Rollback::To(template) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_undo_finds_its_revision() {
        let [a, b, c] = [0, 1, 2].map(TemplateId::from_index);
        let three = [(1, a), (3, c), (2, b)];
        let cases = [
            (&three[..], c, 0, Ok(Rollback::To(b)), "the one before the latest"),
            (&three, c, 1, Ok(Rollback::To(a)), "the one that is named"),
            (&three, c, 3, Ok(Rollback::Skipped { revision: 3 }), "the current one"),
            (
                &three,
                b,
                0,
                Ok(Rollback::Skipped { revision: 2 }),
                "the controller has not given the template its number yet",
            ),
            (&three, c, 9, Err("unable to find specified revision 9 in history"), "one that never was, or is too old"),
            (&three[..1], a, 0, Err("no rollout history found for deployment \"web\""), "no other revision"),
            (&[], a, 0, Err("no rollout history found for deployment \"web\""), "no revision at all"),
        ];
        for (revisions, current, to_revision, expected, why) in cases {
            assert_eq!(rollback(revisions, current, to_revision, "web"), expected.map_err(str::to_owned), "{why}");
        }
    }
}
