//! All documents together.

use std::collections::BTreeMap;
use std::collections::btree_map;

use tenure_model::Name;
use tenure_policy::brakes::Limits;
use tenure_policy::expression::words::nearest;
use tenure_policy::{Authorities, Generator, Group, Mapping, Role, Rule, Rules, Telling};

use crate::brake;
use crate::connection::{self, Connection};
use crate::document::{self, Document, Kind, ManagedBy};
use crate::fields::Notes;
use crate::generator;
use crate::limits::{FILES_MAX, PROBLEMS_MAX};
use crate::names::{Asking, Naming, Seen};
use crate::notice::{self, Channel, PlacedTelling};
use crate::people::{Known, People};
use crate::problem::{Code, Place, Problem};
use crate::team::{self, PlacedTeam, Team};
use crate::{group, role, rule, tree};

/// A document as it was written. What it means is not this crate's to say, so its parts keep their
/// places for whoever does.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// The name of the document.
    pub name: Name,
    /// What to call it on a screen.
    pub title: String,
    /// Who answers for it.
    pub owner: Option<String>,
    /// In which file it stands.
    pub file: String,
    /// What was written.
    pub spec: serde_json::Value,
    /// Where each part of it stands, by its JSON pointer.
    pub places: BTreeMap<String, Place>,
}

/// Everything that is in force, and fits together.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Estate {
    /// What needs a human first.
    pub brakes: Limits,
    /// The ways by which notices go out.
    pub channels: BTreeMap<Name, Channel>,
    /// What is told by which of them.
    pub notices: BTreeMap<Name, Telling>,
    /// The connected systems.
    pub connections: BTreeMap<Name, Connection>,
    /// The bundles of access.
    pub roles: BTreeMap<Name, Role>,
    /// Those who do something together.
    pub teams: BTreeMap<Name, Team>,
    /// How the records of sources become what is said of people.
    pub mappings: BTreeMap<Name, Mapping>,
    /// Whose word counts.
    pub authorities: Authorities,
    /// How names are made.
    pub generators: BTreeMap<Name, Generator>,
    /// Who has to agree to what.
    pub approvals: BTreeMap<Name, Written>,
    /// When people work.
    pub calendars: BTreeMap<Name, Written>,
    /// Workflows that are tried out.
    pub scenarios: BTreeMap<Name, Written>,
    /// The named conditions.
    pub groups: BTreeMap<Name, Group>,
    /// What may be held together, by how many, and after what: documents of kind Rule.
    pub constraints: BTreeMap<Name, Rule>,
    /// Where each document stands.
    pub places: BTreeMap<(Kind, Name), (String, Place)>,
    /// Where each document is written.
    pub managed: BTreeMap<(Kind, Name), ManagedBy>,
    /// Who answers for each document that says so.
    pub owners: BTreeMap<(Kind, Name), String>,
    /// Who answers for each document once its owner has left, if it says so.
    pub successors: BTreeMap<(Kind, Name), String>,
    /// The processes.
    pub workflows: BTreeMap<Name, Written>,
    /// What services are like, for connections that have no connector of their own.
    pub packs: BTreeMap<Name, Written>,
}

impl Written {
    fn of(file: &str, document: &Document<'_>) -> Self {
        Self {
            name: document.name.clone(),
            title: document.title.clone(),
            owner: document.owner.clone(),
            file: file.to_owned(),
            spec: document.spec.json(),
            places: document.spec.places().into_iter().collect(),
        }
    }

    /// A problem with the part at a JSON pointer, or at the nearest one around it.
    pub fn problem(&self, at: &str, code: Code, reason: String, hint: String) -> Problem {
        let mut pointer = at;
        let place = loop {
            match (self.places.get(pointer), pointer.rfind('/')) {
                (Some(place), _) => break *place,
                (None, Some(slash)) => pointer = pointer.get(..slash).unwrap_or_default(),
                (None, None) => break Place::default(),
            }
        };
        Problem { file: self.file.clone(), place, code, reason, hint }
    }
}

impl Estate {
    /// Reads files, each with its path and text, or says everything that is wrong with them.
    pub fn read(files: Vec<(String, String)>) -> Result<Self, Vec<Problem>> {
        let mut reading = Reading::default();
        if files.len() > FILES_MAX {
            let reason = format!("there are {} files, the limit is {FILES_MAX}", files.len());
            let mut notes = Notes { file: "estate", problems: &mut reading.problems };
            notes.add(Place::default(), Code::TooLarge, reason, "put several documents into one file");
        }
        for (file, text) in files.iter().take(FILES_MAX) {
            reading.file(file, text);
        }
        reading.check_notices();
        reading.check_teams();
        reading.check_people();
        let asking = Asking { estate: &reading.estate, seen: &reading.seen, problems: &mut reading.problems };
        asking.all(&reading.naming);
        let mut problems = reading.problems;
        if problems.is_empty() {
            reading.estate.places = reading.seen;
            return Ok(reading.estate);
        }
        problems.sort();
        problems.dedup();
        problems.truncate(PROBLEMS_MAX);
        Err(problems)
    }

    /// Reads the roles of one text, without holding them against the rest of an estate: whoever
    /// tries a role out has the rest. Other documents are read and left out.
    pub fn roles(file: &str, text: &str) -> Result<Vec<Role>, Vec<Problem>> {
        let mut reading = Reading::default();
        reading.file(file, text);
        if reading.problems.is_empty() {
            return Ok(reading.estate.roles.into_values().collect());
        }
        reading.problems.sort();
        reading.problems.dedup();
        reading.problems.truncate(PROBLEMS_MAX);
        Err(reading.problems)
    }

    /// What policy needs of it.
    pub fn rules(&self) -> Rules {
        let targets = self.connections.values().filter_map(|known| Some((known.name.clone(), known.target()?)));
        Rules {
            roles: self.roles.values().cloned().collect(),
            groups: self.groups.values().cloned().collect(),
            rules: self.constraints.values().cloned().collect(),
            targets: targets.collect(),
        }
    }
}

/// Files that are being read.
#[derive(Default)]
struct Reading {
    estate: Estate,
    /// Every name that was seen, even of a document that is otherwise wrong.
    seen: Seen,
    /// What names others.
    naming: Naming,
    /// What is told, with the file where it stands.
    told: Vec<(String, PlacedTelling)>,
    /// Teams, which may say where their tickets are.
    teams: Vec<(String, PlacedTeam)>,
    /// Documents about what people are, which are held against each other in the end.
    people: People,
    problems: Vec<Problem>,
}

impl Reading {
    fn file(&mut self, file: &str, text: &str) {
        match tree::read(file, text) {
            Err(problem) => self.problems.push(problem),
            Ok(nodes) => {
                for node in &nodes {
                    let mut notes = Notes { file, problems: &mut self.problems };
                    if let Some(document) = document::open(node, &mut notes)
                        && self.is_new(file, &document)
                    {
                        self.document(file, &document);
                    }
                }
            }
        }
    }

    fn is_new(&mut self, file: &str, document: &Document<'_>) -> bool {
        match self.seen.entry((document.kind, document.name.clone())) {
            btree_map::Entry::Vacant(free) => {
                free.insert((file.to_owned(), document.place));
                true
            }
            btree_map::Entry::Occupied(taken) => {
                let (first, place) = taken.get();
                let reason = format!("there is a {} `{}` already", document.kind.word(), document.name);
                let hint = format!("see {first}:{}, and rename one of them", place.line);
                Notes { file, problems: &mut self.problems }.add(document.place, Code::Duplicate, reason, hint);
                false
            }
        }
    }

    /// Who looks after a document.
    fn whose(&mut self, document: &Document<'_>) {
        let key = || (document.kind, document.name.clone());
        self.estate.managed.insert(key(), document.managed_by);
        self.estate.owners.extend(document.owner.clone().map(|owner| (key(), owner)));
        self.estate.successors.extend(document.successor.clone().map(|successor| (key(), successor)));
    }

    fn document(&mut self, file: &str, document: &Document<'_>) {
        self.whose(document);
        let mut notes = Notes { file, problems: &mut self.problems };
        match document.kind {
            Kind::Brake => brake::read(document, &mut self.estate.brakes, &mut notes),
            Kind::Channel => {
                if let Some(channel) = notice::channel(document, &mut notes) {
                    self.estate.channels.insert(document.name.clone(), channel);
                }
            }
            Kind::Notice => {
                if let Some(placed) = notice::telling(document, &mut notes) {
                    self.told.push((file.to_owned(), placed));
                }
            }
            Kind::Authority => self.people.authority(file, document, &mut notes),
            Kind::Generator => {
                if let Some(generator) = generator::read(document, &mut notes) {
                    self.estate.generators.insert(document.name.clone(), generator);
                }
            }
            Kind::Mapping => self.people.mapping(file, document, &mut notes),
            Kind::Connection => {
                if let Some(connection) = connection::read(document, &mut notes) {
                    self.estate.connections.insert(document.name.clone(), connection);
                }
            }
            Kind::Role => {
                if let Some(placed) = role::read(document, &mut notes) {
                    self.estate.roles.insert(document.name.clone(), placed.role.clone());
                    self.naming.roles.push((file.to_owned(), placed));
                }
            }
            Kind::Rule => {
                if let Some(placed) = rule::read(document, &mut notes) {
                    self.estate.constraints.insert(document.name.clone(), placed.rule.clone());
                    self.naming.rules.push((file.to_owned(), placed));
                }
            }
            Kind::Group => {
                if let Some(placed) = group::read(document, &mut notes) {
                    self.estate.groups.insert(document.name.clone(), placed.group.clone());
                    self.naming.groups.push((file.to_owned(), placed));
                }
            }
            Kind::Team => {
                if let Some(placed) = team::read(document, &mut notes) {
                    self.estate.teams.insert(document.name.clone(), placed.team.clone());
                    self.teams.push((file.to_owned(), placed));
                }
            }
            Kind::Approval => {
                self.estate.approvals.insert(document.name.clone(), Written::of(file, document));
            }
            Kind::Calendar => {
                self.estate.calendars.insert(document.name.clone(), Written::of(file, document));
            }
            Kind::Scenario => {
                self.estate.scenarios.insert(document.name.clone(), Written::of(file, document));
            }
            Kind::Workflow => {
                self.estate.workflows.insert(document.name.clone(), Written::of(file, document));
            }
            Kind::Pack => {
                self.estate.packs.insert(document.name.clone(), Written::of(file, document));
            }
        }
    }

    /// Mappings, authorities and the sources that they name must fit together.
    fn check_people(&mut self) {
        let seen = |kind, name: &Name| self.seen.contains_key(&(kind, name.clone()));
        let known = Known { connections: &self.estate.connections, is_there: &|name| seen(Kind::Connection, name) };
        let (authorities, mappings) = std::mem::take(&mut self.people).finish(&known, &mut self.problems);
        self.estate.authorities = authorities;
        self.estate.mappings = mappings;
    }

    /// Every connection in which a team has its tickets must be there.
    fn check_teams(&mut self) {
        for (file, placed) in std::mem::take(&mut self.teams) {
            let Some(name) = placed.team.tickets else { continue };
            if self.seen.contains_key(&(Kind::Connection, name.clone())) {
                continue;
            }
            let hint = match nearest(name.as_str(), self.estate.connections.keys().map(Name::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "add a document of kind Connection with this name".to_owned(),
            };
            let mut notes = Notes { file: &file, problems: &mut self.problems };
            notes.add(placed.tickets, Code::NamesNothing, format!("there is no connection `{name}`"), hint);
        }
    }

    /// Every channel that a notice names must be there and carry what the notice says.
    fn check_notices(&mut self) {
        for (file, placed) in std::mem::take(&mut self.told) {
            let mut notes = Notes { file: &file, problems: &mut self.problems };
            let name = &placed.telling.channel;
            if let Some(channel) = self.estate.channels.get(name) {
                notice::check(&placed, channel.via, &mut notes);
            } else if !self.seen.contains_key(&(Kind::Channel, name.clone())) {
                let known = self.estate.channels.keys().map(Name::as_str);
                let hint = match nearest(name.as_str(), known) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "add a document of kind Channel with this name".to_owned(),
                };
                notes.add(placed.channel, Code::NamesNothing, format!("there is no channel `{name}`"), hint);
            }
            self.estate.notices.insert(placed.telling.name.clone(), placed.telling);
        }
    }
}
