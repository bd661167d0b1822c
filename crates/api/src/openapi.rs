//! The OpenAPI document, made from the list of operations and the schemas of the bodies.

use std::collections::{BTreeMap, BTreeSet};

use utoipa::openapi::path::{HttpMethod, OperationBuilder, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Ref, SchemaType, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, Content, InfoBuilder, OpenApi, OpenApiBuilder, Paths, RefOr, Required, ResponseBuilder, Schema,
};
use utoipa::{PartialSchema, ToSchema};

use crate::codes::Code;
use crate::operation::{Access, Body, Method, Operation, Param};
use crate::operations::OPERATIONS;
use crate::problem::{FieldError, PROBLEM_TYPE, Problem};

const SCHEME: &str = "token";

/// What can go wrong at every operation.
const EVERYWHERE: &[Code] = &[Code::TooBusy, Code::TooSlow, Code::Internal];
/// What can go wrong at every operation that needs a token.
const WITH_TOKEN: &[Code] = &[Code::NoToken, Code::UnknownToken, Code::EndedToken, Code::Forbidden];
/// What can go wrong at every operation that takes a body.
const WITH_BODY: &[Code] = &[Code::NotJson, Code::BadBody, Code::BodyTooLarge, Code::WrongMediaType, Code::BodyTooSlow];

/// The OpenAPI document of version 1.
pub fn document() -> OpenApi {
    let mut schemas: BTreeMap<String, RefOr<Schema>> = BTreeMap::new();
    schemas.insert(Problem::name().into_owned(), Problem::schema());
    schemas.insert(FieldError::name().into_owned(), FieldError::schema());
    let mut paths = Paths::new();
    for operation in OPERATIONS {
        for body in operation.takes.iter().chain(&operation.gives) {
            collect(body, &mut schemas);
        }
        paths.add_path_operation(operation.path, vec![method(operation.method)], describe(operation));
    }
    let components = ComponentsBuilder::new()
        .schemas_from_iter(schemas)
        .security_scheme(
            SCHEME,
            SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("tnr_…").build()),
        )
        .build();
    let info = InfoBuilder::new()
        .title("Tenure")
        .version("1")
        .description(Some("People, their access and the reasons for it. Refusals are problem+json with stable codes."))
        .build();
    OpenApiBuilder::new().info(info).paths(paths).components(Some(components)).build()
}

/// The document as text, with a line feed at its end.
pub fn text() -> Result<String, serde_json::Error> {
    document().to_pretty_json().map(|text| text + "\n")
}

fn collect(body: &Body, schemas: &mut BTreeMap<String, RefOr<Schema>>) {
    if let Some(schema) = body.schema {
        let (name, itself, more) = schema();
        schemas.extend(more);
        if is_component(&name) {
            schemas.insert(name, itself);
        }
    }
}

/// Generic containers have no name of their own and are written out where they are used.
fn is_component(name: &str) -> bool {
    name != "Page" && name != "Vec"
}

fn describe(operation: &Operation) -> OperationBuilder {
    let mut builder = OperationBuilder::new()
        .operation_id(Some(operation.id))
        .summary(Some(operation.summary))
        .tag(tag(operation.path));
    for name in operation.variables() {
        builder = builder.parameter(parameter(name, "", ParameterIn::Path));
    }
    for Param { name, about } in operation.query {
        builder = builder.parameter(parameter(name, about, ParameterIn::Query));
    }
    if let Some(body) = &operation.takes {
        let body =
            RequestBodyBuilder::new().content(body.media_type, content(body)).required(Some(Required::True)).build();
        builder = builder.request_body(Some(body));
    }
    if let Access::Action(action) = operation.access {
        let scopes: [&str; 0] = [];
        builder = builder
            .security(SecurityRequirement::new(SCHEME, scopes))
            .description(Some(format!("Needs the action `{action}`.")));
    }
    builder = builder.response(operation.status.to_string(), good(operation));
    for (status, codes) in bad(operation) {
        builder = builder.response(status.to_string(), refusal(&codes));
    }
    builder
}

fn good(operation: &Operation) -> utoipa::openapi::Response {
    let builder = ResponseBuilder::new().description("done");
    match &operation.gives {
        Some(body) => builder.content(body.media_type, content(body)).build(),
        None => builder.build(),
    }
}

fn content(body: &Body) -> Content {
    let schema = match body.schema.map(|schema| schema()) {
        None => RefOr::T(Schema::Object(ObjectBuilder::new().schema_type(SchemaType::AnyValue).build())),
        Some((name, _, _)) if is_component(&name) => RefOr::Ref(Ref::from_schema_name(name)),
        Some((_, itself, _)) => itself,
    };
    Content::new(Some(schema))
}

/// The codes that this operation can answer, by status.
fn bad(operation: &Operation) -> BTreeMap<u16, BTreeSet<&'static str>> {
    let token: &[Code] = match operation.access {
        Access::Public | Access::Signed => &[],
        Access::Page(_) => &[Code::Forbidden],
        Access::Action(_) => WITH_TOKEN,
    };
    let body: &[Code] = if operation.takes.is_some() { WITH_BODY } else { &[] };
    let path: &[Code] = if operation.variables().next().is_some() { &[Code::NotFound] } else { &[] };
    let query: &[Code] = if operation.query.is_empty() { &[] } else { &[Code::BadRequest] };
    let mut all: BTreeMap<u16, BTreeSet<&'static str>> = BTreeMap::new();
    for code in [EVERYWHERE, token, body, path, query, operation.codes].concat() {
        if let Some(status) = code.entry().status {
            all.entry(status).or_default().insert(code.as_str());
        }
    }
    all
}

fn refusal(codes: &BTreeSet<&'static str>) -> utoipa::openapi::Response {
    let words: Vec<&str> = codes.iter().copied().collect();
    ResponseBuilder::new()
        .description(words.join(", "))
        .content(PROBLEM_TYPE, Content::new(Some(RefOr::Ref(Ref::from_schema_name("Problem")))))
        .build()
}

fn parameter(name: &str, about: &str, place: ParameterIn) -> ParameterBuilder {
    let kind = if name == "limit" { Type::Integer } else { Type::String };
    let required = if place == ParameterIn::Path { Required::True } else { Required::False };
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(required)
        .description((!about.is_empty()).then_some(about))
        .schema(Some(ObjectBuilder::new().schema_type(SchemaType::Type(kind)).build()))
}

fn tag(path: &str) -> &str {
    path.strip_prefix("/v1/").and_then(|rest| rest.split('/').next()).unwrap_or("system")
}

fn method(method: Method) -> HttpMethod {
    match method {
        Method::Get => HttpMethod::Get,
        Method::Post => HttpMethod::Post,
        Method::Delete => HttpMethod::Delete,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_schema_that_is_named_is_there() {
        let text = text().unwrap();
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        let there = json["components"]["schemas"].as_object().unwrap();
        for piece in text.split("\"#/components/schemas/").skip(1) {
            let name = piece.split('"').next().unwrap();
            assert!(there.contains_key(name), "{name} is named and not there");
        }
        assert!(there.contains_key("EngagementView"), "schemas of members are collected");
    }

    #[test]
    fn every_operation_is_in_the_document_with_its_refusals() {
        let json: serde_json::Value = serde_json::from_str(&text().unwrap()).unwrap();
        for operation in OPERATIONS {
            let one = &json["paths"][operation.path][operation.method.as_str().to_lowercase()];
            assert_eq!(one["operationId"], operation.id);
            let guarded = matches!(operation.access, Access::Action(_) | Access::Signed);
            assert_eq!(one["responses"].get("401").is_some(), guarded, "{}", operation.id);
            let by_token = matches!(operation.access, Access::Action(_));
            assert_eq!(one.get("security").is_some(), by_token, "{}", operation.id);
        }
    }

    #[test]
    fn the_document_is_the_same_each_time() {
        assert_eq!(text().unwrap(), text().unwrap());
    }
}
