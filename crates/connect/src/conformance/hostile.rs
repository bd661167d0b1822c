//! Cases about names that mean something to a DN, a filter, a URL, a path, SQL or a shell.

use super::cases;
use super::steps::{Bench, Step, Stop, disable, grant, revoke, same};
use crate::change::{Change, Write};
use crate::description::Verb;
use crate::locator::Locator;

cases![hostile_names_are_only_names, hostile_values_reach_nobody_else];

const HOSTILE_NAMES: [&str; 10] = [
    "a,b=c+d",
    "#hash",
    "back\\slash",
    "quo\"te<>;",
    "star*(paren)",
    ")(uid=*))(|(uid=*",
    "../../etc",
    "x'; drop table people; --",
    "%2e%2e?q=1&r",
    "Zoë 李 $(id)",
];

async fn hostile_names_are_only_names(bench: &Bench<'_>) -> Step {
    bench.needs(Verb::Create)?;
    let (bystander, before) = bench.create("bystander").await?;
    let groups = bench.options.entitlements && bench.needs(Verb::Grant).is_ok();
    for name in HOSTILE_NAMES {
        let account = Locator::attribute(bench.fixture.identifying_attribute, format!("{} {name}", bench.tag));
        bench.mine(&account);
        let attributes = bench.attributes(&account, &format!("{name}{}", bench.options.prefix));
        let mut changes = vec![Change::new(account.clone(), Write::Create { attributes: attributes.clone() })];
        if groups {
            let group = bench.first_group().await?;
            changes.extend([grant(&account, &group), disable(&account), revoke(&account, &group)]);
        }
        for change in changes {
            bench.done(&change).await.map_err(|stop| with(name, stop))?;
        }
        let seen = bench.get(&account).await.map_err(|stop| with(name, stop))?;
        let naming = bench.fixture.naming_attribute;
        same(&format!("attribute `{naming}`"), &seen.attributes.get(naming), &attributes.get(naming))?;
    }
    let after = bench.get(&bystander).await?;
    same(
        "the bystander",
        &(after.state, after.holds, after.attributes),
        &(before.state, before.holds, before.attributes),
    )
}

fn with(name: &str, stop: Stop) -> Stop {
    match stop {
        Stop::Failed(how) => Stop::Failed(format!("with `{name}`: {how}")),
        Stop::NotRun(why) => Stop::NotRun(why),
    }
}

async fn hostile_values_reach_nobody_else(bench: &Bench<'_>) -> Step {
    let free = bench.free()?;
    let (bystander, before) = bench.create("bystander").await?;
    let (account, _) = bench.create("ada").await?;
    for value in HOSTILE_NAMES {
        let change = super::steps::set(&account, free, value.into());
        bench.done(&change).await.map_err(|stop| with(value, stop))?;
    }
    same("the bystander", &bench.get(&bystander).await?.attributes, &before.attributes)
}
