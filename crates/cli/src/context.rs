//! What every command receives, and how it finds its server and token.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;

use crate::args::Global;
use crate::client::{Client, Target};
use crate::error::{CliError, code};
use crate::exit::Exit;
use crate::limits::{INPUT_BYTES_MAX, TOKEN_BYTES_MAX};
use crate::output::Output;

/// Where the server is when nobody says.
pub const SERVER_DEFAULT: &str = "http://127.0.0.1:8080";

/// Where the sample company lives when nobody says.
pub const DEMO_FOLDER: &str = "tenure-demo";

/// The file of contexts that the demo writes into its folder.
pub const CONTEXTS_OF_DEMO: &str = "contexts.toml";

/// The file of contexts when nobody says.
const CONTEXTS_DEFAULT: &str = "tenure-contexts.toml";

/// What every command receives.
#[derive(Debug)]
pub struct Cx {
    /// What was said on the command line.
    pub global: Global,
    /// Where and how to write.
    pub output: Output,
}

/// A named server.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Context {
    server: String,
    token_file: Option<PathBuf>,
}

impl Cx {
    /// A client with a token.
    pub fn client(&self) -> Result<Client, CliError> {
        let context = self.context()?;
        let token = self.token(context.as_ref())?.ok_or_else(|| {
            CliError::new(Exit::Refused, code::NO_TOKEN, "a token is needed")
                .hint("set TENURE_TOKEN, or name a file with --token-file")
                .hint("`tenure token create --bootstrap` makes the first one, on the machine of the server")
        })?;
        Client::new(self.target(context.as_ref()), Some(token), self.output.clone())
    }

    /// A client that can ask what everybody may.
    pub fn client_without_token(&self) -> Result<Client, CliError> {
        Client::new(self.target(self.context()?.as_ref()), None, self.output.clone())
    }

    fn target(&self, context: Option<&Context>) -> Target {
        let named = context.map(|context| context.server.as_str()).or(self.global.server.as_deref());
        Target { server: named.unwrap_or(SERVER_DEFAULT).to_owned(), timeout: self.global.timeout }
    }

    /// The nearest word wins: a file on the command line, the context named there, the environment.
    ///
    /// A token from the environment is never sent to the server of a context that has its own.
    fn token(&self, context: Option<&Context>) -> Result<Option<SecretString>, CliError> {
        if let Some(path) = &self.global.token_file {
            return read_token(path).map(Some);
        }
        match context.and_then(|context| context.token_file.as_deref()) {
            Some(path) => read_token(path).map(Some),
            None => Ok(self.global.token.clone()),
        }
    }

    fn context(&self) -> Result<Option<Context>, CliError> {
        let Some(name) = &self.global.context else { return Ok(None) };
        let path = &self.contexts_file();
        let text = read_text(path, INPUT_BYTES_MAX).map_err(|error| {
            error.hint("a file of contexts has `[NAME]` with `server` and `token-file`; name it with --contexts")
        })?;
        let mut contexts: BTreeMap<String, Context> = toml::from_str(&text).map_err(|error| {
            CliError::new(Exit::Usage, code::BAD_SERVER, format!("`{}` is not a file of contexts", path.display()))
                .cause(error.message())
        })?;
        let known = contexts.keys().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        contexts.remove(name).map(Some).ok_or_else(|| {
            CliError::new(Exit::Usage, code::BAD_SERVER, format!("there is no context `{name}`"))
                .hint(format!("`{}` has {known}", path.display()))
        })
    }
}

impl Cx {
    /// The file that was named, or the one in this folder, or what a demo in this folder wrote.
    fn contexts_file(&self) -> PathBuf {
        if let Some(named) = &self.global.contexts {
            return named.clone();
        }
        let of_demo = Path::new(DEMO_FOLDER).join(CONTEXTS_OF_DEMO);
        let ours = PathBuf::from(CONTEXTS_DEFAULT);
        if !ours.exists() && of_demo.exists() { of_demo } else { ours }
    }
}

fn read_token(path: &Path) -> Result<SecretString, CliError> {
    let text = SecretString::from(read_text(path, TOKEN_BYTES_MAX)?);
    let token = secrecy::ExposeSecret::expose_secret(&text).trim();
    if token.is_empty() || token.contains(char::is_whitespace) {
        return Err(CliError::new(
            Exit::Usage,
            code::NO_TOKEN,
            format!("`{}` must hold one token and nothing else", path.display()),
        ));
    }
    Ok(SecretString::from(token))
}

/// Reads a file of JSON, or standard input for `-`, up to a limit.
pub fn read_json(path: &Path, bytes_max: u64) -> Result<Value, CliError> {
    serde_json::from_str(&read_text(path, bytes_max)?).map_err(|error| {
        CliError::new(Exit::Usage, code::CANNOT_READ, format!("`{}` is not JSON", path.display())).caused_by(&error)
    })
}

/// Reads a text file, or standard input for `-`, up to a limit.
pub fn read_text(path: &Path, bytes_max: u64) -> Result<String, CliError> {
    let failed = |error: &std::io::Error| {
        let name =
            if path == Path::new("-") { "the standard input".to_owned() } else { format!("`{}`", path.display()) };
        CliError::new(Exit::Failed, code::CANNOT_READ, format!("cannot read {name}")).caused_by(error)
    };
    let mut text = String::new();
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(bytes_max + 1).read_to_string(&mut text)
    } else {
        File::open(path).and_then(|file| file.take(bytes_max + 1).read_to_string(&mut text))
    };
    match read {
        Ok(bytes) if bytes as u64 <= bytes_max => Ok(text),
        Ok(_) => Err(failed(&std::io::Error::other(format!("it has more than {bytes_max} bytes")))),
        Err(error) => Err(failed(&error)),
    }
}
