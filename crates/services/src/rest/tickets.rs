//! Tickets of a service, as its pack describes them.
//!
//! What a search finds is held against our key, and what a state means is only what exactly one
//! kind of condition says: a ticket that fits none, or several, is unclear.

use futures::FutureExt as _;
use futures::future::BoxFuture;
use reqwest::Method;
use serde_json::Value as Json;
use tenure_connect::tickets::{NewTicket, Progress, SeenTicket, Tickets};
use tenure_connect::{Doubt, DoubtKind, Refusal, RefusalClass, WriteFault};
use tenure_model::NativeId;

use super::RestConnector;
use super::account::{id_at, items};
use super::pack::{Request, Stands, TicketPlan, What, Words};
use super::template::{Scope, scalar};
use super::write::halfway;

/// A key that no ticket has, to try out whether tickets can be looked for.
const NO_KEY: &str = "task_none";

impl RestConnector {
    fn ticket_plan(&self) -> Result<&TicketPlan, Refusal> {
        self.pack.tickets.as_ref().ok_or_else(|| self.description.unsupported("keep tickets"))
    }

    /// What its tickets are called, if it keeps any; refused unless they can be looked for.
    pub(super) async fn check_tickets(&self) -> Result<Option<&str>, Refusal> {
        let Some(plan) = &self.pack.tickets else { return Ok(None) };
        self.find_ticket(NO_KEY).await?;
        Ok(Some(plan.native.as_str()))
    }

    async fn find_ticket(&self, key: &str) -> Result<Option<SeenTicket>, Refusal> {
        let plan = self.ticket_plan()?;
        let scope = self.scope().with("key", key);
        let mut found = self.looked_up(&plan.find, &scope).await?;
        let (Stands::Is(wanted) | Stands::Has(wanted)) = &plan.key.how;
        let wanted = wanted.text(&scope)?;
        found.retain(|one| {
            let text = one.pointer(&plan.key.at).and_then(scalar).unwrap_or_default();
            match &plan.key.how {
                Stands::Is(_) => text == wanted,
                Stands::Has(_) => text.contains(&wanted),
            }
        });
        if found.len() > 1 {
            let message = format!("{} of `{}` have the key `{key}`; close all but one", found.len(), self.http.url());
            return Err(Refusal::new(RefusalClass::Invalid, message));
        }
        let Some(id) = found.first().and_then(|one| id_at(one, &plan.id)) else { return Ok(None) };
        self.get_ticket(&id).await
    }

    async fn get_ticket(&self, id: &NativeId) -> Result<Option<SeenTicket>, Refusal> {
        let plan = self.ticket_plan()?;
        match self.raw_ticket(plan, id).await? {
            Some(json) => self.seen_ticket(plan, id, json).await.map(Some),
            None => Ok(None),
        }
    }

    /// The ticket as the service sends it. Some services take a part of an id for an id.
    async fn raw_ticket(&self, plan: &TicketPlan, id: &NativeId) -> Result<Option<Json>, Refusal> {
        if !plan.get.can_ask(id.as_str()) {
            return Ok(None);
        }
        let found = self.looked_up(&plan.get, &self.scope().with("id", id.as_str())).await?;
        Ok(found.into_iter().find(|one| id_at(one, &plan.id).as_ref() == Some(id)))
    }

    async fn seen_ticket(&self, plan: &TicketPlan, id: &NativeId, json: Json) -> Result<SeenTicket, Refusal> {
        let scope = self.scope().with("id", id.as_str()).with("ticket", json.clone());
        let progress = progress(plan, &json, &scope);
        let words = match &plan.words {
            Some(words) if progress != Progress::Open => self.last_words(words, &json, &scope).await?,
            Some(_) | None => None,
        };
        let text = |at: &String| json.pointer(at).and_then(scalar).filter(|text| !text.is_empty());
        Ok(SeenTicket {
            id: id.clone(),
            link: plan.link.as_ref().map(|link| link.text(&scope)).transpose()?,
            state: text(&plan.state).unwrap_or_else(|| "none".to_owned()),
            progress,
            by: plan.by.iter().find_map(text),
            words,
        })
    }

    async fn last_words(&self, words: &Words, ticket: &Json, scope: &Scope<'_>) -> Result<Option<String>, Refusal> {
        let mut scope = scope.clone();
        if let Some(at) = &words.last {
            let Some(item) = items(ticket, at).last() else { return Ok(None) };
            scope = scope.with("item", item.clone());
        }
        let Some(said) = self.read(&self.call(&words.request, &scope)?).await? else { return Ok(None) };
        let last = items(&said.json, &words.answer).last();
        let last = last.filter(|one| !words.leave.iter().any(|leave| leave.holds(one, &scope)));
        Ok(last.and_then(|one| one.pointer(&words.text)).and_then(scalar).filter(|text| !text.trim().is_empty()))
    }

    /// Sends requests, one after the other, and gives back the last answer.
    async fn write_ticket(&self, requests: &[Request], scope: Scope<'_>) -> Result<Json, WriteFault> {
        let (mut answers, mut done) = (Vec::new(), 0_usize);
        for request in requests {
            let scope = scope.clone().with("answers", Json::Array(answers.clone()));
            let call = self.call(request, &scope).map_err(|no| halfway(no.into(), done))?;
            let reads = matches!(&request.what, What::Path { method, .. } if *method == Method::GET);
            let said = if reads {
                self.must_read(&call).await.map_err(|no| halfway(no.into(), done))?
            } else {
                let said = self.write_once(&call, &[]).await.map_err(|fault| halfway(fault, done))?;
                done += 1;
                said
            };
            answers.push(said.json);
        }
        Ok(answers.pop().unwrap_or_default())
    }

    #[tracing::instrument(name = "connectors.rest.open_ticket", skip_all, fields(key = %ticket.key))]
    async fn open_ticket(&self, ticket: &NewTicket) -> Result<NativeId, WriteFault> {
        let plan = self.ticket_plan()?;
        let due = ticket.due_at.map_or(Json::Null, |due| due.to_string().into());
        let scope = self.scope().with("key", ticket.key.as_str()).with("title", ticket.title.as_str());
        let scope = scope.with("text", ticket.text.as_str()).with("team", ticket.team.as_str()).with("due", due);
        let answer = self.write_ticket(&plan.opening, scope).await?;
        id_at(&answer, &plan.opened).ok_or_else(|| {
            let message = format!("`{}` opened a ticket and did not say which at `{}`", self.http.url(), plan.opened);
            WriteFault::Doubt(Doubt::new(DoubtKind::NotReadBack, message))
        })
    }

    /// Does something to a ticket that is there.
    async fn change_ticket(&self, requests: &[Request], id: &NativeId, text: &str) -> Result<(), WriteFault> {
        let Some(json) = self.raw_ticket(self.ticket_plan()?, id).await? else {
            let message = format!("`{}` has no ticket `{id}`", self.http.url());
            return Err(Refusal::new(RefusalClass::Gone, message).into());
        };
        let scope = self.scope().with("id", id.as_str()).with("ticket", json).with("text", text);
        self.write_ticket(requests, scope).await.map(drop)
    }
}

/// What a ticket's state means: what exactly one kind of condition says.
fn progress(plan: &TicketPlan, json: &Json, scope: &Scope<'_>) -> Progress {
    let kinds = [(&plan.open, Progress::Open), (&plan.done, Progress::Done), (&plan.refused, Progress::Refused)];
    let fit = kinds.into_iter().filter(|(conditions, _)| conditions.iter().any(|one| one.holds(json, scope)));
    match fit.map(|(_, progress)| progress).collect::<Vec<_>>().as_slice() {
        [one] => *one,
        _ => Progress::Unclear,
    }
}

impl Tickets for RestConnector {
    fn find<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<SeenTicket>, Refusal>> {
        self.find_ticket(key).boxed()
    }

    fn get<'a>(&'a self, id: &'a NativeId) -> BoxFuture<'a, Result<Option<SeenTicket>, Refusal>> {
        self.get_ticket(id).boxed()
    }

    fn open<'a>(&'a self, ticket: &'a NewTicket) -> BoxFuture<'a, Result<NativeId, WriteFault>> {
        self.open_ticket(ticket).boxed()
    }

    fn comment<'a>(&'a self, id: &'a NativeId, text: &'a str) -> BoxFuture<'a, Result<(), WriteFault>> {
        async move { self.change_ticket(&self.ticket_plan()?.commenting, id, text).await }.boxed()
    }

    fn close<'a>(&'a self, id: &'a NativeId) -> BoxFuture<'a, Result<(), WriteFault>> {
        async move { self.change_ticket(&self.ticket_plan()?.closing, id, "").await }.boxed()
    }
}
