//! Rules that would explain who holds something.

use tenure_policy::authz::{Action, Thing};
use tenure_policy::columns::{Bits, EntitlementName, Index};

use super::{Named, holders, known};
use crate::cx::Cx;
use crate::error::AppError;
use crate::limits::MINED_NAMES_MAX;
use crate::population;

/// A condition that would give it to about those who hold it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposed {
    /// The condition, as a role would have it.
    pub when: String,
    /// How many fit it.
    pub fits: usize,
    /// How many of those hold it.
    pub hits: usize,
    /// How many of a thousand who fit hold it.
    pub precision: usize,
    /// How many of a thousand who hold it fit.
    pub recall: usize,
    /// How many a rule would give it to who have it not, and some of them.
    pub would_gain: (usize, Vec<Named>),
    /// How many hold it and fit not, and some of them.
    pub left_over: (usize, Vec<Named>),
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mined {
    /// How many who are here hold it.
    pub holders: usize,
    /// The best first.
    pub proposals: Vec<Proposed>,
}

/// How many, and some of them.
type Few = (usize, Vec<tenure_model::PersonId>);

/// Proposes rules for one entitlement, from who holds it by a grant that was read back.
#[tracing::instrument(name = "app.access.mine", skip_all)]
pub async fn mine(cx: &Cx, name: EntitlementName) -> Result<Mined, AppError> {
    cx.allow(Action::TryRule, &Thing::Person(None))?;
    known(&cx.house, &name)?;
    let held = holders(&cx.house, &name).await?;
    let found = population::ask(&cx.house, |index| {
        let holders = index.rows_of(held.iter().copied());
        let proposals = index.mine(&holders).into_iter().map(|proposal| {
            let gain = few_of(index, &proposal.would_gain(&holders));
            let left = few_of(index, &proposal.left_over(&holders));
            (proposal, gain, left)
        });
        Ok(proposals.collect::<Vec<_>>())
    });
    let found = found.await?;
    let ids = found.iter().flat_map(|(_, gain, left)| gain.1.iter().chain(&left.1)).copied().collect();
    let names = population::names(&cx.house, ids).await?;
    let named = |(count, people): Few| (count, people.into_iter().map(|id| Named::of(id, &names)).collect());
    let holders = found.first().map_or(0, |(proposal, _, _)| proposal.holders);
    let proposals = found.into_iter().map(|(proposal, gain, left)| Proposed {
        fits: proposal.fits.count(),
        hits: proposal.hits,
        precision: proposal.precision(),
        recall: proposal.recall(),
        would_gain: named(gain),
        left_over: named(left),
        when: proposal.when,
    });
    Ok(Mined { holders, proposals: proposals.collect() })
}

fn few_of(index: &Index, rows: &Bits) -> Few {
    (rows.count(), rows.rows().take(MINED_NAMES_MAX).filter_map(|row| index.person(row)).collect())
}
