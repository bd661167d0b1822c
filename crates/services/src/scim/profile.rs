//! What is known of the systems that call themselves SCIM, as one table.
//!
//! A profile says what a target can be asked without finding out the hard way; what a server says
//! of itself (see `learned`) can only narrow it further. Each deviation from the RFCs names where
//! it is written down.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The name of a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProfileName {
    /// A server that keeps to RFC 7643 and 7644.
    #[default]
    Rfc,
    /// A service made for Microsoft Entra as it was before the flag `aadOptscim062020`.
    EntraLegacy,
    /// A service made for Microsoft Entra with the flag `aadOptscim062020`.
    #[serde(rename = "entra-2020")]
    Entra2020,
    /// A service made for Okta's integrations that replace whole users.
    OktaPut,
    /// Slack.
    Slack,
    /// GitHub organisations and enterprises.
    Github,
    /// AWS IAM Identity Center.
    Aws,
    /// Google Cloud.
    Google,
}

/// What is known of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Its name.
    pub name: ProfileName,
    /// How a user is changed.
    pub user_change: UserChange,
    /// How one of several values is written.
    pub one_of_several: OneOfSeveral,
    /// How `active` is written.
    pub active: ActiveForm,
    /// How operations are spelled.
    pub operation_case: OperationCase,
    /// How members are put into a group and taken out.
    pub member_change: MemberChange,
    /// How many members one request may change.
    pub members_at_once_max: usize,
    /// By which attributes users can be asked for.
    pub user_filters: Filters,
    /// By which attributes groups can be asked for.
    pub group_filters: Filters,
    /// How it is found out which groups a user is in.
    pub membership: Membership,
    /// How long lists are read.
    pub paging: Paging,
    /// How many objects a page may have.
    pub page_objects_max: u32,
    /// Whether single attributes can be asked for.
    pub projection: Projection,
    /// What DELETE does to a user.
    pub delete: Delete,
    /// What becomes of a user who is made inactive.
    pub inactive: Inactive,
    /// Writes in a second over a long time, if there is such a limit.
    pub writes_per_second_max: Option<u32>,
    /// How long a write may take to be seen.
    pub consistency_delay: Duration,
}

/// How a user is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserChange {
    /// By one operation for each attribute, with its path.
    Paths,
    /// By one operation without a path, whose value is part of a user.
    Part,
    /// By one operation without a path, whose value has paths for keys.
    DottedPart,
    /// By putting a whole user in the place of the old one.
    Whole,
}

/// How one of several values, such as the e-mail address for work, is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OneOfSeveral {
    /// By a path with a filter.
    FilterPath,
    /// By replacing all of them.
    All,
}

/// How `active` is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActiveForm {
    /// As `true` and `false`.
    Flag,
    /// As `"True"` and `"False"`.
    Text,
}

/// How operations are spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperationCase {
    /// As `replace`.
    Lower,
    /// As `Replace`.
    Capital,
}

/// How members are put into a group and taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberChange {
    /// Taken out by a path with a filter.
    FilterPath,
    /// Taken out by a list of values. A server that keeps to the RFC takes *everybody* out then,
    /// so this is never tried where it is not known to be right.
    ValueList,
    /// By putting a whole group in the place of the old one.
    Whole,
}

/// By which attributes can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filters {
    /// By any.
    Any,
    /// By these.
    Only(&'static [&'static str]),
    /// By none: everything is read and looked through.
    None,
}

/// How it is found out which groups a user is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Membership {
    /// The user says so.
    OfUser,
    /// Groups can be asked for by this path of their members.
    Filter(&'static str),
    /// Every group is read with its members.
    Scan,
}

/// How long lists are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paging {
    /// By the number of the first object.
    Index,
    /// By a cursor (RFC 9865).
    Cursor,
    /// Not at all: one answer holds everything.
    None,
}

/// Whether single attributes can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Projection {
    /// They can.
    Attributes,
    /// An answer always holds everything.
    None,
}

/// What DELETE does to a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delete {
    /// It takes the user away.
    Removes,
    /// It makes the user inactive.
    Deactivates,
}

/// What becomes of a user who is made inactive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inactive {
    /// Everything on it is kept.
    Keeps,
    /// The user vanishes and would come back as a new one.
    Vanishes,
}

const RFC: Profile = Profile {
    name: ProfileName::Rfc,
    user_change: UserChange::Paths,
    one_of_several: OneOfSeveral::FilterPath,
    active: ActiveForm::Flag,
    operation_case: OperationCase::Lower,
    member_change: MemberChange::FilterPath,
    members_at_once_max: 1_000,
    user_filters: Filters::Any,
    group_filters: Filters::Any,
    membership: Membership::Filter("members.value"),
    paging: Paging::Index,
    page_objects_max: 1_000,
    projection: Projection::Attributes,
    delete: Delete::Removes,
    inactive: Inactive::Keeps,
    writes_per_second_max: None,
    consistency_delay: Duration::ZERO,
};

/// Every profile.
pub const PROFILES: [Profile; 8] = [
    RFC,
    // Microsoft Learn, "Known issues and resolutions with SCIM 2.0 protocol compliance": without
    // the flag operations begin with a capital, `active` is a text, and members are taken out by
    // a list of values. "Develop a SCIM endpoint": only `eq` and `and` are asked for, by userName,
    // externalId and the e-mail address for work; groups by displayName, without their members.
    Profile {
        name: ProfileName::EntraLegacy,
        active: ActiveForm::Text,
        operation_case: OperationCase::Capital,
        member_change: MemberChange::ValueList,
        user_filters: Filters::Only(&["userName", "externalId", "emails[type eq \"work\"].value"]),
        group_filters: Filters::Only(&["displayName", "externalId"]),
        membership: Membership::Scan,
        projection: Projection::None,
        ..RFC
    },
    // The same page, with the flag: one operation without a path whose keys are dotted paths and
    // whole URNs, `active` as a flag, and members taken out by a path with a filter.
    Profile {
        name: ProfileName::Entra2020,
        user_change: UserChange::DottedPart,
        user_filters: Filters::Only(&["userName", "externalId", "emails[type eq \"work\"].value"]),
        group_filters: Filters::Only(&["displayName", "externalId"]),
        membership: Membership::Scan,
        projection: Projection::None,
        ..RFC
    },
    // Okta developer documentation, "SCIM protocol": integrations from the wizard replace the
    // whole user for every change and for deactivation, look for users by userName alone and read
    // pages of 100.
    Profile {
        name: ProfileName::OktaPut,
        user_change: UserChange::Whole,
        member_change: MemberChange::Whole,
        user_filters: Filters::Only(&["userName"]),
        group_filters: Filters::Only(&["displayName"]),
        membership: Membership::Scan,
        page_objects_max: 100,
        projection: Projection::None,
        ..RFC
    },
    // Slack developer documentation, "SCIM API rate limits" (180 changes of users a minute, over
    // all apps of an organisation together) and "SCIM API reference" (DELETE deactivates; a user
    // lists its groups).
    Profile {
        name: ProfileName::Slack,
        user_change: UserChange::Part,
        one_of_several: OneOfSeveral::All,
        user_filters: Filters::Only(&["userName"]),
        group_filters: Filters::Only(&["displayName"]),
        membership: Membership::OfUser,
        projection: Projection::None,
        delete: Delete::Deactivates,
        writes_per_second_max: Some(3),
        ..RFC
    },
    // GitHub documentation, "REST API endpoints for SCIM": paths with filters do not work; an
    // organisation forgets a user who is made inactive; one filter at a time, by these names.
    Profile {
        name: ProfileName::Github,
        one_of_several: OneOfSeveral::All,
        member_change: MemberChange::ValueList,
        user_filters: Filters::Only(&["userName", "externalId"]),
        group_filters: Filters::Only(&["displayName", "externalId"]),
        membership: Membership::OfUser,
        page_objects_max: 100,
        projection: Projection::None,
        inactive: Inactive::Vanishes,
        ..RFC
    },
    // AWS, "IAM Identity Center SCIM implementation": only `eq` with `and`; one e-mail address;
    // groups never list their members but can be asked for by one; at most 100 membership changes
    // in a request, never a replacement of all; pages of 100, by cursor.
    Profile {
        name: ProfileName::Aws,
        one_of_several: OneOfSeveral::All,
        member_change: MemberChange::ValueList,
        members_at_once_max: 100,
        user_filters: Filters::Only(&["userName", "externalId"]),
        group_filters: Filters::Only(&["displayName", "externalId"]),
        membership: Membership::Filter("members"),
        paging: Paging::Cursor,
        page_objects_max: 100,
        projection: Projection::None,
        ..RFC
    },
    // Google Cloud, "SCIM provisioning for Workforce Identity Federation": no sorting, no paging
    // of either kind, no bulk, no versions.
    Profile {
        name: ProfileName::Google,
        user_filters: Filters::Only(&["userName", "externalId"]),
        group_filters: Filters::Only(&["displayName", "externalId"]),
        membership: Membership::Scan,
        paging: Paging::None,
        projection: Projection::None,
        ..RFC
    },
];

impl ProfileName {
    /// What is known of it.
    pub fn profile(self) -> &'static Profile {
        PROFILES.iter().find(|profile| profile.name == self).unwrap_or(&RFC)
    }
}

impl Filters {
    /// Whether the server can be asked for this attribute.
    pub(super) fn take(self, path: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Only(names) => names.iter().any(|name| name.eq_ignore_ascii_case(path)),
            Self::None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_its_profile_and_its_spelling() {
        for (name, text) in [
            (ProfileName::Rfc, "rfc"),
            (ProfileName::EntraLegacy, "entra-legacy"),
            (ProfileName::Entra2020, "entra-2020"),
            (ProfileName::OktaPut, "okta-put"),
            (ProfileName::Slack, "slack"),
            (ProfileName::Github, "github"),
            (ProfileName::Aws, "aws"),
            (ProfileName::Google, "google"),
        ] {
            assert_eq!(name.profile().name, name);
            assert_eq!(serde_json::to_value(name).unwrap(), text);
        }
    }

    #[test]
    fn everybody_is_taken_out_of_a_group_by_nobody_who_keeps_to_the_rfc() {
        assert_eq!(ProfileName::Rfc.profile().member_change, MemberChange::FilterPath);
        assert_eq!(ProfileName::Entra2020.profile().member_change, MemberChange::FilterPath);
    }
}
