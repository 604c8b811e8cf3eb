//! All topology rules of a cluster's pods: each is counted once, however many simulations look at it.

use super::counted::Counted;
use super::template::{GroupTemplate, Identity};
use crate::api::Name;
use crate::autoscaler::karpenter::pod::{ClassId, PodClass};
use rustc_hash::FxHashMap;
use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

/// A rule with all that pods say of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(u32);

/// What Karpenter takes for one rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdentityId(u32);

/// One rule.
struct Rule {
    template: GroupTemplate,
    namespaces: Vec<Name>,
    identity: IdentityId,
    counted: OnceCell<Rc<Counted>>,
    /// The same, of where the pods are that have the rule.
    counted_inverse: OnceCell<Rc<Counted>>,
    /// Whether it selects pods of a class.
    selects: Vec<bool>,
}

/// All of them.
#[derive(Default)]
pub struct Rules {
    all: Vec<Rule>,
    ids: FxHashMap<(GroupTemplate, Vec<Name>), RuleId>,
    identities: FxHashMap<Identity, IdentityId>,
    /// The rules of each form of a class, and its anti-affinity.
    pub of_form: Vec<Vec<Vec<RuleId>>>,
    /// The anti-affinity of each class.
    pub inverse_of_class: Vec<Vec<RuleId>>,
    about: RefCell<FxHashMap<ClassId, Rc<[RuleId]>>>,
}

impl Rules {
    /// No rules yet, of so many classes.
    pub fn for_classes(number: usize) -> Self {
        Self { of_form: vec![Vec::new(); number], inverse_of_class: vec![Vec::new(); number], ..Self::default() }
    }

    /// Makes a rule known.
    pub fn intern<'c>(
        &mut self,
        template: &GroupTemplate,
        namespaces: Vec<Name>,
        classes: impl Iterator<Item = &'c PodClass>,
    ) -> RuleId {
        let key = (template.clone(), namespaces);
        if let Some(id) = self.ids.get(&key) {
            return *id;
        }
        let (_, namespaces) = &key;
        let identity = template.identity(namespaces.clone());
        let next = IdentityId(u32::try_from(self.identities.len()).unwrap_or(u32::MAX));
        let identity = *self.identities.entry(identity).or_insert(next);
        let selects = classes
            .map(|class| {
                let selector = template.selector.as_ref();
                namespaces.binary_search(&class.namespace).is_ok()
                    && selector.is_some_and(|selector| selector.matches(&class.labels))
            })
            .collect();
        let id = RuleId(u32::try_from(self.all.len()).unwrap_or(u32::MAX));
        let namespaces = namespaces.clone();
        self.all.push(Rule {
            template: template.clone(),
            namespaces,
            identity,
            counted: OnceCell::new(),
            counted_inverse: OnceCell::new(),
            selects,
        });
        self.ids.insert(key, id);
        id
    }

    fn rule(&self, id: RuleId) -> &Rule {
        &self.all[id.0 as usize]
    }

    /// The rule as written.
    pub fn template(&self, id: RuleId) -> &GroupTemplate {
        &self.rule(id).template
    }

    /// What it is taken for.
    pub fn identity(&self, id: RuleId) -> IdentityId {
        self.rule(id).identity
    }

    /// Whether it selects pods of a class.
    pub fn selects(&self, id: RuleId, class: ClassId) -> bool {
        self.rule(id).selects.get(class.0 as usize).copied().unwrap_or(false)
    }

    /// Whether pods of a class are counted: without a selector all of the namespaces are.
    pub fn counts(&self, id: RuleId, class: ClassId, of: &PodClass) -> bool {
        let rule = self.rule(id);
        match rule.template.selector {
            Some(_) => self.selects(id, class),
            None => rule.namespaces.binary_search(&of.namespace).is_ok(),
        }
    }

    /// Its domains, counted at the first time.
    pub fn counted(&self, id: RuleId, count: impl FnOnce(&GroupTemplate) -> Counted) -> Rc<Counted> {
        let rule = self.rule(id);
        rule.counted.get_or_init(|| Rc::new(count(&rule.template))).clone()
    }

    /// The domains of the pods that have the rule, counted at the first time.
    pub fn counted_inverse(&self, id: RuleId, count: impl FnOnce(&GroupTemplate) -> Counted) -> Rc<Counted> {
        let rule = self.rule(id);
        rule.counted_inverse.get_or_init(|| Rc::new(count(&rule.template))).clone()
    }

    /// Which of some rules are about pods of a class.
    pub fn about(&self, class: ClassId, rules: impl Iterator<Item = RuleId>) -> Rc<[RuleId]> {
        let mut about = self.about.borrow_mut();
        about.entry(class).or_insert_with(|| rules.filter(|rule| self.selects(*rule, class)).collect()).clone()
    }
}
