//! What every object of the API is, whatever its kind.

use super::{ImmutableField, Kind, LabelSelector, ObjectMeta};

/// An object of a kind. Each kind implements it beside its type.
pub trait ApiObject {
    /// The kind.
    fn kind(&self) -> Kind;

    /// The identity.
    fn meta(&self) -> &ObjectMeta;

    /// The selector by which it finds pods; `None` of objects that select none.
    fn selector(&self) -> Option<&LabelSelector> {
        None
    }

    /// `spec.replicas`; `None` of objects without.
    fn replicas(&self) -> Option<i32> {
        None
    }

    /// What an update may not change.
    fn immutable_fields(&self) -> Vec<ImmutableField> {
        Vec::new()
    }
}

impl<T: ApiObject> ApiObject for Box<T> {
    fn kind(&self) -> Kind {
        (**self).kind()
    }

    fn meta(&self) -> &ObjectMeta {
        (**self).meta()
    }

    fn selector(&self) -> Option<&LabelSelector> {
        (**self).selector()
    }

    fn replicas(&self) -> Option<i32> {
        (**self).replicas()
    }

    fn immutable_fields(&self) -> Vec<ImmutableField> {
        (**self).immutable_fields()
    }
}

/// The type of the objects of one kind that holds no `metadata`.
pub trait OfKind {
    /// The kind.
    const KIND: Kind;

    /// What an update may not change.
    fn immutable_fields(&self) -> Vec<ImmutableField> {
        Vec::new()
    }
}

/// An object whose type holds no `metadata`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WithMeta<T> {
    /// Identity.
    pub meta: ObjectMeta,
    /// The rest.
    pub object: T,
}

impl<T: OfKind> ApiObject for WithMeta<T> {
    fn kind(&self) -> Kind {
        T::KIND
    }

    fn meta(&self) -> &ObjectMeta {
        &self.meta
    }

    fn immutable_fields(&self) -> Vec<ImmutableField> {
        self.object.immutable_fields()
    }
}
