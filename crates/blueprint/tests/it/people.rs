//! Documents about what people are: mappings, authorities and generators, right and wrong.

use tenure_policy::authority::Others;
use tenure_policy::correlate::MatchRule;
use tenure_policy::expression::Kind;

use super::{problems, read};

const SOURCES: &str = "apiVersion: tenure/v1
kind: Connection
metadata: { name: workday }
spec: { connector: events, direction: source }
---
apiVersion: tenure/v1
kind: Connection
metadata: { name: ldap }
spec: { connector: ldap, direction: target }
---
";

const MAPPING: &str = "apiVersion: tenure/v1
kind: Mapping
metadata: { name: workday-in }
spec:
  from:
    connection: workday
    object: worker
    fields: { employeeId: text, first: text, nick: text, email: text, born: date, level: number, managerId: text }
  to: person
  match:
    - { left: worker.employeeId, right: person.employeeId }
    - { left: lower(worker.email), right: person.email, onHit: ask }
    - score:
        - { left: worker.first, right: person.givenName, weight: 40, like: name }
        - { left: worker.born, right: person.birthDate, weight: 60, against: 60, like: exact }
      sure: 90
      ask: 60
  set:
    employeeId: worker.employeeId
    givenName: worker.nick ?? worker.first
    level: worker.level * 10
    manager: ref(\"person\", \"employeeId\", worker.managerId)
    phone: { value: worker.email, strength: initial }
";

const AUTHORITY: &str = "---
apiVersion: tenure/v1
kind: Authority
metadata: { name: staff }
spec:
  for: [employee, contractor]
  attributes:
    phone: [workday]
    level: { from: workday, type: number }
  events:
    employment.ended: [workday]
";

const GENERATOR: &str = "---
apiVersion: tenure/v1
kind: Generator
metadata: { name: mail }
spec:
  attribute: email
  for: employee
  names:
    - person.givenName + \".\" + person.familyName
  collision: \"{name}{n}\"
  domain: example.com
  length: { min: 3, max: 30 }
  reserved: [postmaster, Abuse]
  quarantine: 730d
";

#[test]
fn documents_about_people_are_read() {
    let estate = read(&[SOURCES, MAPPING, AUTHORITY, GENERATOR].concat()).unwrap_or_else(|bad| panic!("{bad:#?}"));
    let mapping = &estate.mappings[&"workday-in".parse().unwrap()];
    assert_eq!(mapping.matching.rules.len(), 3);
    assert!(matches!(&mapping.matching.rules[2], MatchRule::Scored(scoring) if scoring.sure == 90));
    assert_eq!(mapping.set["manager"].refers_by.as_deref(), Some("employeeId"));
    assert_eq!(mapping.set["level"].kind, Kind::Number, "an authority says what it is");
    assert_eq!(*mapping.set["givenName"].value.kind(), Kind::Text);
    let staff = estate.authorities.of_kind(tenure_model::IdentityKind::Contractor).unwrap();
    assert_eq!((staff.others, staff.attributes.len(), staff.events.len()), (Others::Take, 2, 1));
    assert!(estate.authorities.of_kind(tenure_model::IdentityKind::Vendor).is_none());
    let mail = &estate.generators[&"mail".parse().unwrap()];
    assert_eq!((mail.quarantine_days, mail.length_min), (730, 3));
    assert!(mail.reserved.contains("abuse"));
}

#[test]
fn slips_in_a_mapping_are_told_with_their_place_and_what_was_meant() {
    for (from, to, wanted) in [
        (
            "left: worker.employeeId",
            "left: worker.employeId",
            "a.yaml:21:15: TEN-E2008 `left`: a worker has no `employeId` (character 0); did you mean `worker.employeeId`?",
        ),
        (
            "worker.level * 10",
            "worker.level + worker.first",
            "a.yaml:31:12: TEN-E2008 `level`: `worker.level` is a number and `worker.first` is a text, which cannot be \
             added (character 0); make both texts with `string(…)`",
        ),
        (
            "right: person.email",
            "right: lower(person.email)",
            "a.yaml:22:43: TEN-E2006 `right` is `lower(person.email)`, which is no attribute of a person; name one, such as \
             `person.employeeId`",
        ),
        (
            "connection: workday",
            "connection: workdya",
            "a.yaml:16:17: TEN-E2010 there is no connection `workdya`; did you mean `workday`?",
        ),
        (
            "connection: workday",
            "connection: ldap",
            "a.yaml:16:17: TEN-E2010 connection `ldap` is a target, and no facts come from it; write `direction: both` \
             there, or name a source",
        ),
        (
            "strength: initial",
            "strength: initail",
            "a.yaml:33:45: TEN-E2006 `strength` cannot be `initail`; did you mean `initial`?",
        ),
        (
            "sure: 90",
            "sure: 900",
            "a.yaml:23:7: TEN-E2006 `ask` is 60, `sure` is 900, and all parts together give 100 points; let `ask` be at \
             most `sure`, and `sure` at most all points",
        ),
        (
            "ref(\"person\", \"employeeId\", worker.managerId)",
            "ref(\"team\", \"employeeId\", worker.managerId)",
            "a.yaml:32:14: TEN-E2008 `manager`: `team` cannot be referred to, only a person can (character 0); write it as \
             `ref(\"person\", \"employeeId\", worker.managerId)`",
        ),
        ("born: date", "born: dat", "a.yaml:18:77: TEN-E2006 `born` cannot be `dat`; did you mean `date`?"),
        ("onHit: ask", "onhit: ask", "a.yaml:22:57: TEN-E2003 `match` has no key `onhit`; did you mean `onHit`?"),
    ] {
        let text = [SOURCES, MAPPING].concat().replacen(from, to, 1);
        let found = problems(&text);
        assert!(found.contains(&wanted.to_owned()), "{to}: {found:#?}");
    }
}

#[test]
fn authorities_and_generators_that_do_not_fit_are_refused() {
    for (from, to, wanted) in [
        ("employment.ended:", "employment.endet:", "did you mean `employment.ended`?"),
        ("phone: [workday]", "phone: [workday, ldap]", "connection `ldap` is a target"),
        ("phone: [workday]", "phone: [workday, workday]", "`workday` stands twice in `phone`"),
        ("type: number", "type: flag", "`level` is yes or no, and its value is a number"),
        ("{name}{n}", "{name}", "`collision` is not a pattern"),
        ("domain: example.com", "domain: Example.com", "`Example.com` is not a domain"),
        ("max: 30", "max: 2", "`length` is not a range"),
        ("quarantine: 730d", "quarantine: 2y", "`quarantine` is not a number of days"),
    ] {
        let text = [SOURCES, MAPPING, AUTHORITY, GENERATOR].concat().replacen(from, to, 1);
        let found = problems(&text).join("\n");
        assert!(found.contains(wanted), "{to}: {found}");
    }
    let twice = [SOURCES, AUTHORITY.trim_start_matches("---\n"), &AUTHORITY.replace("staff", "more")].concat();
    let found = problems(&twice).join("\n");
    assert!(
        found.contains("`staff` speaks of the kind `employee` already; say in `for` which kinds each is for"),
        "{found}"
    );
}

#[test]
fn attributes_that_nobody_declared_are_found_where_others_are_refused() {
    let closed = AUTHORITY.replace("  for: [employee, contractor]\n", "  others: refuse\n");
    let found = problems(&[SOURCES, MAPPING, &closed].concat()).join("\n");
    assert!(found.contains("people have no attribute `givenName`"), "{found}");
    assert!(!found.contains("no attribute `phone`"), "{found}");
}
