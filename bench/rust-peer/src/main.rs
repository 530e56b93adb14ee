//! A peer of the benchmark that is hard to beat: the same service in Rust, with hyper, tokio-postgres and OpenSSL.
//!
//! One statement checks the facts and inserts the record (issue_batch.sql). The peer runs it in one of two ways:
//!
//! - PEER_BATCHES=0: each request takes one of PEER_CONNECTIONS connections and runs the statement for itself.
//! - PEER_BATCHES=1: PEER_CONNECTIONS connections drain one queue. A connection that is free takes all requests that
//!   wait, up to 256, and runs the statement for all of them.
//!
//! The peer has less to do than connvo-server. It signs the token after the record is committed, which saves a round
//! trip, so the record has the SHA-256 of the id in the place of the token's; session, user agent and address in the
//! record are constants; refusals are not recorded; one of the kinds of bearer token is checked, and no line is logged.
//!
//! Environment: PEER_PORT, PEER_DATABASE (key=value, of libpq's form), PEER_CONNECTIONS, PEER_BATCHES, PEER_JWKS_FILE,
//! PEER_ISSUER, STREAM_API_SECRET. Prints "peer: ready" when it listens.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};
use std::{env, fs};

use hyper::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE};
use hyper::service::{make_service_fn, service_fn};
use hyper::{Body, Method, Request, Response, Server};
use openssl::bn::BigNum;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private, Public};
use openssl::rsa::Rsa;
use openssl::sign::{Signer, Verifier};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::{unbounded_channel, UnboundedReceiver, UnboundedSender};
use tokio::sync::{oneshot, Mutex as AsyncMutex, Semaphore};
use tokio_postgres::{Client, NoTls, Row, Statement};

const ROUTE: &str = "/api/run/meetings/stream/index/generateParticipantTokenPublic";
const STATEMENT: &str = include_str!("../issue_batch.sql");
const MANY: &str = "unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY";
const ONE: &str = "(SELECT $1::text, $2::text, $3::text, 1::bigint)";
const LARGEST_BATCH: usize = 256;
const LIFETIME: u64 = 3600;
const BACKDATING: u64 = 5;
/// {"alg":"HS256","typ":"JWT"}
const TOKEN_HEADER: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";

// --- The database

struct Connection {
    client: Client,
    statement: Statement,
}

impl Connection {
    async fn open(settings: &str, sql: &str) -> Connection {
        let (client, connection) = tokio_postgres::connect(settings, NoTls).await.expect("connecting to PostgreSQL");
        tokio::spawn(async move { connection.await.expect("the connection to PostgreSQL") });
        let statement = client.prepare(sql).await.expect("preparing the statement");
        Connection { client, statement }
    }
}

/// What the statement says about a request, and the time by which it judged.
type Answer = (Row, SystemTime);

struct Job {
    user: String,
    meeting: String,
    role: Option<String>,
    answer: oneshot::Sender<Answer>,
}

enum Database {
    Pool(Pool),
    Queue(UnboundedSender<Job>),
}

impl Database {
    /// The answer to a request; None when PostgreSQL reported an error.
    async fn ask(&self, user: String, meeting: String, role: Option<String>) -> Option<Answer> {
        match self {
            Database::Pool(pool) => pool.ask(user, meeting, role).await,
            Database::Queue(queue) => {
                let (answer, received) = oneshot::channel();
                queue.send(Job { user, meeting, role, answer }).ok()?;
                received.await.ok()
            }
        }
    }
}

struct Pool {
    free: Mutex<Vec<Connection>>,
    permits: Semaphore,
}

/// A connection of the pool. It goes back also when hyper drops a request whose client has gone.
struct Lease<'a>(&'a Pool, Option<Connection>);

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        self.0.free.lock().unwrap().extend(self.1.take());
    }
}

impl Pool {
    async fn ask(&self, user: String, meeting: String, role: Option<String>) -> Option<Answer> {
        // Dropped after the lease: a request with a permit always finds a connection.
        let _permit = self.permits.acquire().await.ok()?;
        let lease = Lease(self, self.free.lock().unwrap().pop());
        let connection = lease.1.as_ref()?;
        let now = SystemTime::now();
        let row = connection.client.query_one(&connection.statement, &[&user, &meeting, &role, &now]).await;
        row.map_err(|error| eprintln!("peer: {}", error)).ok().map(|row| (row, now))
    }
}

/// Takes all that waits in the queue, asks for all of it at once, and begins again.
async fn drain(queue: Arc<AsyncMutex<UnboundedReceiver<Job>>>, connection: Connection) {
    loop {
        let mut jobs = Vec::with_capacity(64);
        {
            let mut queue = queue.lock().await;
            match queue.recv().await {
                Some(job) => jobs.push(job),
                None => return,
            }
            while jobs.len() < LARGEST_BATCH {
                match queue.try_recv() {
                    Ok(job) => jobs.push(job),
                    Err(_) => break,
                }
            }
        }
        let now = SystemTime::now();
        let rows = {
            let users: Vec<&str> = jobs.iter().map(|job| job.user.as_str()).collect();
            let meetings: Vec<&str> = jobs.iter().map(|job| job.meeting.as_str()).collect();
            let roles: Vec<Option<&str>> = jobs.iter().map(|job| job.role.as_deref()).collect();
            connection.client.query(&connection.statement, &[&users, &meetings, &roles, &now]).await
        };
        match rows {
            Ok(rows) => {
                assert_eq!(rows.len(), jobs.len(), "rows and requests");
                for (job, row) in jobs.into_iter().zip(rows) {
                    // A client that has gone waits for no answer.
                    let _ = job.answer.send((row, now));
                }
            }
            Err(error) => eprintln!("peer: {}", error),
        }
    }
}

// --- Tokens

struct App {
    database: Database,
    keys: HashMap<String, PKey<Public>>,
    issuer: String,
    secret: PKey<Private>,
}

#[derive(Deserialize)]
struct Header<'a> {
    alg: &'a str,
    kid: &'a str,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    iss: String,
    exp: u64,
}

#[derive(Serialize)]
struct Contents<'a> {
    user_id: &'a str,
    iat: u64,
    exp: u64,
    role: &'a str,
    call_cids: [&'a str; 1],
    jti: &'a str,
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

fn decode(text: &str) -> Option<Vec<u8>> {
    base64::decode_config(text, base64::URL_SAFE_NO_PAD).ok()
}

fn encode(bytes: &[u8], into: &mut String) {
    base64::encode_config_buf(bytes, base64::URL_SAFE_NO_PAD, into);
}

/// The user of the bearer token; None when there is none or it is not valid.
fn authenticate(app: &App, request: &Request<Body>) -> Option<String> {
    let token = request.headers().get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")?;
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let header = decode(header)?;
    let header: Header = serde_json::from_slice(&header).ok()?;
    if header.alg != "RS256" {
        return None;
    }
    let mut verifier = Verifier::new(MessageDigest::sha256(), app.keys.get(header.kid)?).ok()?;
    if !verifier.verify_oneshot(&decode(signature)?, signed.as_bytes()).ok()? {
        return None;
    }
    let claims: Claims = serde_json::from_slice(&decode(claims)?).ok()?;
    let is_valid = claims.iss == app.issuer && claims.exp > seconds(SystemTime::now());
    is_valid.then(|| claims.sub)
}

fn sign(app: &App, contents: &Contents) -> String {
    let mut token = String::with_capacity(512);
    token.push_str(TOKEN_HEADER);
    token.push('.');
    encode(&serde_json::to_vec(contents).expect("JSON"), &mut token);
    let mut signer = Signer::new(MessageDigest::sha256(), &app.secret).expect("HMAC");
    let signature = signer.sign_oneshot_to_vec(token.as_bytes()).expect("HMAC");
    token.push('.');
    encode(&signature, &mut token);
    token
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Key>,
}

#[derive(Deserialize)]
struct Key {
    kid: String,
    n: String,
    e: String,
}

fn read_keys(path: &str) -> HashMap<String, PKey<Public>> {
    let number = |text: &str| BigNum::from_slice(&decode(text).expect("base64url")).expect("a number");
    let set: KeySet = serde_json::from_slice(&fs::read(path).expect(path)).expect("a key set");
    let read = |key: Key| {
        let rsa = Rsa::from_public_components(number(&key.n), number(&key.e)).expect("an RSA key");
        (key.kid, PKey::from_rsa(rsa).expect("an RSA key"))
    };
    set.keys.into_iter().map(read).collect()
}

// --- HTTP

#[derive(Deserialize)]
struct Call {
    args: Arguments,
}

#[derive(Deserialize)]
struct Arguments {
    #[serde(rename = "meetingId")]
    meeting: String,
    role: Option<String>,
}

#[derive(Serialize)]
struct Nothing {}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Reply<'a> {
    status: &'a str,
    error_message: &'a str,
    error_data: Nothing,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Value<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Value<'a> {
    token: &'a str,
    user_id: &'a str,
    user: User<'a>,
    expires_at: u64,
    success: bool,
}

#[derive(Serialize)]
struct User<'a> {
    id: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<&'a str>,
}

fn respond(status: u16, reply: &Reply) -> Response<Body> {
    Response::builder()
        .status(status)
        .header(CONTENT_TYPE, "application/json; charset=utf-8")
        .header(CACHE_CONTROL, "no-store")
        .body(Body::from(serde_json::to_vec(reply).expect("JSON")))
        .expect("a response")
}

fn refuse(status: u16, code: &str) -> Response<Body> {
    respond(status, &Reply { status: "error", error_message: code, error_data: Nothing {}, value: None })
}

async fn issue(app: &App, request: Request<Body>) -> Result<Response<Body>, (u16, &'static str)> {
    if request.method() != Method::POST || request.uri().path() != ROUTE {
        return Err((404, "NOT_FOUND"));
    }
    let user = authenticate(app, &request).ok_or((401, "INVALID_TOKEN"))?;
    let invalid = (400, "VALIDATION_ERROR");
    let body = hyper::body::to_bytes(request.into_body()).await.map_err(|_| invalid)?;
    let call: Call = serde_json::from_slice(&body).map_err(|_| invalid)?;
    let answer = app.database.ask(user.clone(), call.args.meeting, call.args.role).await;
    let (row, now) = answer.ok_or((503, "UNAVAILABLE"))?;
    if let Some(code) = row.get::<_, Option<&str>>(0) {
        return Ok(refuse(400, code));
    }
    let exp = seconds(now) + LIFETIME;
    let contents = Contents {
        user_id: &user,
        iat: seconds(now) - BACKDATING,
        exp,
        role: row.get(4),
        call_cids: [row.get(5)],
        jti: row.get(1),
    };
    let token = sign(app, &contents);
    let person = User { id: &user, name: row.get(2), image: row.get(3) };
    let value = Value { token: &token, user_id: &user, user: person, expires_at: exp, success: true };
    Ok(respond(200, &Reply { status: "success", error_message: "", error_data: Nothing {}, value: Some(value) }))
}

async fn handle(app: Arc<App>, request: Request<Body>) -> Result<Response<Body>, Infallible> {
    Ok(issue(&app, request).await.unwrap_or_else(|(status, code)| refuse(status, code)))
}

// --- The program

fn setting(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("{} is not set", name))
}

async fn open_database() -> Database {
    let settings = setting("PEER_DATABASE");
    let count: usize = setting("PEER_CONNECTIONS").parse().expect("PEER_CONNECTIONS");
    if setting("PEER_BATCHES") == "1" {
        let (sender, receiver) = unbounded_channel();
        let queue = Arc::new(AsyncMutex::new(receiver));
        for _ in 0..count {
            tokio::spawn(drain(queue.clone(), Connection::open(&settings, STATEMENT).await));
        }
        return Database::Queue(sender);
    }
    assert!(STATEMENT.contains(MANY), "issue_batch.sql has no {}", MANY);
    let sql = STATEMENT.replace(MANY, ONE);
    let mut free = Vec::with_capacity(count);
    for _ in 0..count {
        free.push(Connection::open(&settings, &sql).await);
    }
    Database::Pool(Pool { free: Mutex::new(free), permits: Semaphore::new(count) })
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let app = Arc::new(App {
        database: open_database().await,
        keys: read_keys(&setting("PEER_JWKS_FILE")),
        issuer: setting("PEER_ISSUER"),
        secret: PKey::hmac(setting("STREAM_API_SECRET").as_bytes()).expect("STREAM_API_SECRET"),
    });
    let service = make_service_fn(move |_| {
        let app = app.clone();
        async move { Ok::<_, Infallible>(service_fn(move |request| handle(app.clone(), request))) }
    });
    let port: u16 = setting("PEER_PORT").parse().expect("PEER_PORT");
    let server = Server::bind(&([127, 0, 0, 1], port).into()).tcp_nodelay(true).serve(service);
    eprintln!("peer: ready");
    server.await.expect("serving");
}
